// Pan and zoom: a scale and where the origin of the drawing stands, set on one group of the canvas.
const still = matchMedia("(prefers-reduced-motion: reduce)");
const CLOSEST = 4,
  FARTHEST = 0.02,
  READABLE = 0.75;

function makeCamera(canvas, apply) {
  const at = { scale: 1, x: 0, y: 0 };
  let running = 0;
  const set = (scale, x, y) => {
    Object.assign(at, { scale, x, y });
    apply(at);
  };
  const room = () => ({ width: canvas.clientWidth, height: canvas.clientHeight });
  const glide = (scale, x, y) => {
    cancelAnimationFrame(running);
    if (still.matches) return set(scale, x, y);
    const from = { ...at },
      start = performance.now(),
      time = 260;
    const frame = now => {
      const t = Math.min(1, Math.max(0, (now - start) / time)),
        ease = 1 - (1 - t) ** 3;
      set(
        from.scale + (scale - from.scale) * ease,
        from.x + (x - from.x) * ease,
        from.y + (y - from.y) * ease,
      );
      if (t < 1) running = requestAnimationFrame(frame);
    };
    running = requestAnimationFrame(frame);
  };
  const limit = scale => Math.min(CLOSEST, Math.max(FARTHEST, scale));
  const zoom = (factor, x = room().width / 2, y = room().height / 2) => {
    cancelAnimationFrame(running);
    const scale = limit(at.scale * factor),
      ratio = scale / at.scale;
    set(scale, x - (x - at.x) * ratio, y - (y - at.y) * ratio);
  };
  const fit = ({ left, top, width, height }, most = 1.25, smooth = true) => {
    const { width: w, height: h } = room(),
      margin = 24;
    const scale = limit(Math.min(most, (w - 2 * margin) / width, (h - 2 * margin) / height));
    (smooth ? glide : set)(
      scale,
      w / 2 - scale * (left + width / 2),
      h / 2 - scale * (top + height / 2),
    );
  };
  const centre = node => {
    const { width: w, height: h } = room();
    const most = Math.min((w - 60) / node.width, (h - 60) / node.height);
    const scale = Math.min(Math.max(at.scale, READABLE), Math.max(most, FARTHEST));
    glide(scale, w / 2 - scale * node.x, h / 2 - scale * node.y);
  };
  // What stood at a place of the drawing goes on standing where the eye left it.
  const follow = (before, after) => {
    cancelAnimationFrame(running);
    set(at.scale, at.x + at.scale * (before.x - after.x), at.y + at.scale * (before.y - after.y));
  };
  // The least move after which a node is seen whole, or its top left corner if it is too large.
  const show = node => {
    const { width: w, height: h } = room(),
      margin = 16,
      { scale } = at;
    const into = (middle, size, offset, length) => {
      const low = scale * (middle - size / 2) + offset,
        high = low + scale * size;
      return low < margin || high - low > length - 2 * margin
        ? margin - low
        : Math.min(0, length - margin - high);
    };
    const dx = into(node.x, node.width, at.x, w),
      dy = into(node.y, node.height, at.y, h);
    if (dx || dy) glide(scale, at.x + dx, at.y + dy);
  };
  listen(canvas, at, set, zoom, () => cancelAnimationFrame(running));
  return { at, zoom, fit, centre, follow, show };
}

function listen(canvas, at, set, zoom, halt) {
  const held = new Map();
  canvas.addEventListener(
    "wheel",
    event => {
      event.preventDefault();
      const { left, top } = canvas.getBoundingClientRect();
      const step = event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY;
      zoom(
        Math.exp(-Math.max(-160, Math.min(160, step)) * (event.ctrlKey ? 0.008 : 0.002)),
        event.clientX - left,
        event.clientY - top,
      );
    },
    { passive: false },
  );
  canvas.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    halt();
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    canvas.dragged = false;
  });
  canvas.addEventListener("pointermove", event => {
    const last = held.get(event.pointerId);
    if (!last) return;
    const dx = event.clientX - last.x,
      dy = event.clientY - last.y;
    if (!canvas.dragged && Math.hypot(dx, dy) < 4) return;
    // Captured only now: a click must reach the node below it.
    if (!canvas.dragged) canvas.setPointerCapture(event.pointerId);
    canvas.dragged = true;
    const others = [...held].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (!others.length) return set(at.scale, at.x + dx, at.y + dy);
    const { left, top } = canvas.getBoundingClientRect(),
      [other] = others;
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
    zoom(
      after / Math.max(1, before),
      (event.clientX + other.x) / 2 - left,
      (event.clientY + other.y) / 2 - top,
    );
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, event => held.delete(event.pointerId));
  }
}
