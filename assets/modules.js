// The modules that fields for a module's name offer: the server tells them once for each model.

/** @type {[name: string, tag: string][]} */
let known = [];

/** @param {[name: string, tag: string][]} modules */
export function knowModules(modules) {
  known = modules;
}

/**
 * Add all modules to what a field offers. It comes with what is likeliest, which stays first.
 * @param {HTMLDataListElement} list
 */
function complete(list) {
  const offered = new Set(Array.from(list.options, (option) => option.value));
  for (const [name, tag] of known) {
    if (!offered.has(name)) {
      const option = document.createElement("option");
      option.value = name;
      option.textContent = tag;
      list.append(option);
    }
  }
}

document.addEventListener("focusin", function ({ target }) {
  if (target instanceof HTMLInputElement && target.dataset.offers === "modules" && target.list) {
    complete(/** @type {HTMLDataListElement} */ (target.list));
  }
});
