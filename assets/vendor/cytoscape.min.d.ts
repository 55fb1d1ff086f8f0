// The library is a script: what it offers, it offers to all.
import type { Core, CytoscapeOptions } from "cytoscape";

declare global {
  interface Window {
    cytoscape: (options: CytoscapeOptions) => Core;
  }
}
