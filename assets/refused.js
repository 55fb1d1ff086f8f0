// What the server refuses is said on the page, in the server's own line: Dash keeps quiet about it.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const ask = window.fetch;
  const TOLD = [401, 403, 413, 429, 500, 503];
  const PATIENCE = 60000; // ms that a server may be away while a job is asked for
  const AGAIN = 1000; // ms between questions meanwhile

  function tell(url, answer) {
    if (!TOLD.includes(answer.status) ||
        !(answer.headers.get("Content-Type") || "").startsWith("text/plain")) {
      return;
    }
    answer.clone().text().then(function (line) {
      hexviz.notify("That did not work", line.trim().slice(0, 300), "red");
      if (String(url).endsWith("_dash-update-component") && answer.status !== 500) {
        // Cleared, so that the same file can be tried again.
        window.dash_clientside.set_props("upload", { contents: null });
        window.dash_clientside.set_props("tags-upload", { contents: null });
        window.dash_clientside.set_props("compare-upload", { contents: null });
        window.dash_clientside.set_props("numbers", { contents: null });
      }
    });
  }

  // Dash asks how far a job is, and after one question without an answer never again: it would
  // wait for ever. A server that was started anew says what became of the job.
  async function askPatiently(url, options) {
    const until = performance.now() + PATIENCE;
    for (;;) {
      try {
        return await ask.call(window, url, options);
      } catch (error) {
        if (performance.now() > until) {
          hexviz.notify(
            "The server did not answer", "See whether hexviz is still running.", "red",
          );
          hexviz.jobsOver();
          throw error;
        }
        await new Promise((done) => setTimeout(done, AGAIN));
      }
    }
  }

  // What Dash shows while a job is going on, put back: it does so itself only after an answer.
  hexviz.jobsOver = function () {
    const shown = { "job": { hidden: true }, "part-job": { hidden: true },
      "tags-job": { hidden: true }, "compare-job": { hidden: true },
      "compare-upload": { disabled: false }, "samples": { disabled: false },
      "upload": { disabled: false }, "tags-upload": { disabled: false } };
    Object.entries(shown).forEach(
      ([id, what]) => window.dash_clientside.set_props(id, what),
    );
  };

  document.addEventListener("click", function (event) {
    if (["cancel", "part-cancel", "tags-cancel", "compare-cancel"].includes(event.target.id)) {
      // Dash's own turn comes first: it tells the server.
      setTimeout(hexviz.jobsOver);
    }
  });

  window.fetch = function (url, options) {
    const asking = String(url).includes("cacheKey=") ? askPatiently : ask.bind(window);
    return asking(url, options).then(function (answer) {
      tell(url, answer);
      return answer;
    });
  };
})();
