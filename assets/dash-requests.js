// Dash's own requests: uploads, dialogs, jobs. Its renderer says nothing of a request that was
// refused, and stops asking about a job after one question without an answer; it has no hook for
// either, so that `fetch` itself is wrapped, for those requests alone.

import { setProps } from "./dash.js";
import { fail, notify } from "./notices.js";

const PATIENCE = 60_000; // ms that a server may be away while a job is asked about
const AGAIN = 1000; // ms between questions meanwhile
const LONGEST = 300; // characters of a line that the server says
const UPLOADS = ["upload", "tags-upload", "compare-upload", "numbers"];
const CANCELS = ["export-cancel", "part-cancel", "tags-cancel", "compare-cancel"];

/** What Dash shows while a job is going on, put back: it does so itself only after an answer. */
function endJobs() {
  for (const id of ["export-job", "part-job", "tags-job", "compare-job"]) {
    setProps(id, { hidden: true });
  }
  for (const id of ["upload", "tags-upload", "compare-upload", "samples"]) {
    setProps(id, { disabled: false });
  }
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
        notify("The server did not answer", "See whether hexviz is still running.");
        endJobs();
        throw error;
      }
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  }
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
    const response = await (url.includes("cacheKey=") ? askPatiently(ask) : ask());
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
