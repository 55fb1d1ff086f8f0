// What the server refuses is said on the page, in the server's own line: Dash keeps quiet about it.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const ask = window.fetch;
  const TOLD = [401, 403, 413, 429, 500];

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
        window.dash_clientside.set_props("numbers", { contents: null });
      }
    });
  }

  window.fetch = function (url, options) {
    return ask.call(window, url, options).then(function (answer) {
      tell(url, answer);
      return answer;
    });
  };
})();
