// The page's own code, and its tests: eslint's recommended rules, and the few that these files are
// written by.
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["build/", "dist/", ".venv/", "node_modules/", "docs/", "**/vendor/", "hexviz/"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-implicit-globals": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
    },
  },
  { files: ["assets/**/*.js"], languageOptions: { globals: globals.browser } },
  {
    files: ["tests/assets/**/*.js", "*.config.js"],
    languageOptions: { globals: { ...globals.node, ...globals.browser } }, // with a page, see page.js
  },
];
