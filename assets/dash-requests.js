// Dash's own requests: uploads, dialogs, jobs. Its renderer says nothing of a request that was
// refused, and stops asking about a job after one question without an answer; it has no hook for
// either, so that `fetch` itself is wrapped, for those requests alone.

import { setProps } from "./dash.js";
import { fail, notify } from "./notices.js";

const PATIENCE = 60_000; // ms that a server may be away while a job is asked about
const AGAIN = 1000; // ms between questions meanwhile
const LONGEST = 300; // characters of a line that the server says
const UPLOADS = ["upload", "tags-upload", "compare-upload", "numbers"];
const JOBS = ["export", "part", "tags", "compare", "measure", "costs"];
const CANCELS = JOBS.map((name) => `${name}-cancel`);
const STARTS = ["exported.data", ...JOBS.map((name) => `${name}-made.data`)];

/** What Dash shows while a job is going on, put back: it does so itself only after an answer. */
function endJobs() {
  for (const name of JOBS) {
    setProps(`${name}-job`, { hidden: true });
    setProps(`${name}-stage`, { children: "" });
  }
  for (const id of ["upload", "tags-upload", "compare-upload", "parity-upload", "samples"]) {
    setProps(id, { disabled: false });
  }
}

function sayAway() {
  notify("The server did not answer", "See whether hexviz is still running.");
  endJobs();
}

/** @param {Response} response */
async function sayRefusal(response) {
  const line = (await response.text()).trim();
  fail(line.slice(0, LONGEST));
  if (response.status !== 500) {
    // Cleared, so that the same file can be tried again.
    UPLOADS.forEach((id) => setProps(id, { contents: null }));
  }
}

/**
 * Ask until the server is back, which says what became of the job.
 * @param {() => Promise<Response>} ask
 */
async function askPatiently(ask) {
  const until = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > until) {
        sayAway();
        throw error;
      }
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  }
}

/**
 * Ask once for a job to be begun.
 * @param {() => Promise<Response>} ask
 */
async function begin(ask) {
  try {
    return await ask();
  } catch (error) {
    sayAway();
    throw error;
  }
}

/** @param {RequestInit | undefined} options of a request of Dash's */
function beginsJob(options) {
  const body = options?.body;
  return typeof body === "string" && STARTS.includes(JSON.parse(body).output);
}

/** Watch the requests that Dash sends from now on. */
export function watchDashRequests() {
  const plainFetch = window.fetch.bind(window);
  window.fetch = async function (resource, options) {
    const url = String(resource);
    if (!url.includes("_dash-update-component")) {
      return plainFetch(resource, options);
    }
    const ask = () => plainFetch(resource, options);
    const patiently = url.includes("cacheKey=") ? askPatiently : beginsJob(options) ? begin : null;
    const response = await (patiently ? patiently(ask) : ask());
    const isText = (response.headers.get("Content-Type") ?? "").startsWith("text/plain");
    if (!response.ok && isText) {
      void sayRefusal(response.clone());
    }
    return response;
  };
  document.addEventListener("click", function (event) {
    if (event.target instanceof Element && CANCELS.includes(event.target.id)) {
      setTimeout(endJobs); // Dash comes first: it tells the server
    }
  });
}
