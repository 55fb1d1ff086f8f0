// The filter's panel: what it shows, and what needs a word with the server of its own.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  let part = ""; // the part that the panel tells of
  let named = false; // a name was sent off: what was typed has done its work when something changes
  let hints = null; // suggestions, which may come before the panel or after it

  function showHints() {
    if (hints && JSON.stringify(hints.part) === part) {
      hexviz.put("filter-hints", hints.content);
    }
  }

  hexviz.filter = {
    show: function (shown) {
      const panel = document.getElementById("filter-panel");
      const inside = panel.contains(document.activeElement);
      if (!document.getElementById("keep-field")) {
        hexviz.put("filter-field", shown.field);
      }
      if (JSON.stringify(shown.part) !== part) {
        part = JSON.stringify(shown.part);
        if (named) {
          document.getElementById("keep-field").value = "";
          named = false;
        }
        hexviz.put("verdict", []);
        hexviz.put("filter-hints", []);
      }
      hexviz.put("filter-now", shown.now);
      hexviz.put("filter-border", shown.border);
      showHints();
      // What had the keyboard may be gone, as the name that was taken back is.
      if (inside && document.activeElement === document.body) {
        document.getElementById("keep-field").focus({ preventScroll: true });
      }
    },
    hint: function (told) {
      hints = told;
      showHints();
    },
  };

  // While one thing is being worked out, the button says so and is not pressed twice.
  function busy(button, words, work) {
    if (button.getAttribute("aria-busy") === "true") {
      return;
    }
    const label = button.textContent;
    button.setAttribute("aria-busy", "true");
    button.textContent = words;
    work().catch(function () {
      hexviz.notify("The server did not answer", "See whether hexviz is still running.", "red");
    }).finally(function () {
      button.removeAttribute("aria-busy");
      button.textContent = label;
    });
  }

  Object.assign(hexviz.local, {
    "keep-named": function () {
      named = true;
      hexviz.send("keep", document.getElementById("keep-field").value);
    },
    "keep-found": () => hexviz.send("keep-found", document.getElementById("search").value || ""),
    "verify-part": function (query, button) {
      const asked = part;
      busy(button, "Verifying…", async function () {
        const response = await fetch("verify", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ model: JSON.parse(asked)[0], part: query }),
        });
        const content = await response.json();
        if (asked === part) {
          hexviz.put("verdict", content);
          document.getElementById("verdict").scrollIntoView({ block: "nearest" });
        }
      });
    },
    "save-part": function (file, button) {
      busy(button, "Checking…", async function () {
        const response = await fetch("part/" + file);
        if (response.ok) {
          const told = response.headers.get("Content-Disposition") || "";
          hexviz.save(await response.blob(), (/filename="([^"]+)"/.exec(told) || [])[1] || "part");
        } else {
          hexviz.notify("That did not work", await response.text(), "red");
        }
      });
    },
    "copy-text": function (text) {
      navigator.clipboard.writeText(text).then(
        () => hexviz.notify("Copied", text, "teal"),
        () => hexviz.notify("The browser did not allow copying", text, "red"),
      );
    },
  });
})();
