// Written by `make protocol-types` from hexviz/app/protocol.py, which says what each of these is.

export interface Accept {
  type: "accept";
  value: string;
}

export interface At {
  model: string;
  state: PageState;
}

export interface Badge {
  id: string;
  numbers: string;
  current: boolean;
}

export interface BrowserTimes {
  transfer?: number | null;
  page?: number | null;
  paint?: number | null;
}

export interface ChoosePart {
  type: "part";
  value: string;
}

export interface ChoosePolicy {
  type: "policy";
  value: "exclude_safe" | "include_all" | "include_context";
}

export interface ChooseTab {
  type: "tab";
  value: "audit" | "compare" | "extract" | "graph" | "measure" | "ops";
}

export interface Clear {
  type: "clear";
}

export interface CloseAll {
  type: "close-all";
}

export interface Colour {
  type: "colour";
  value: "activation_bytes" | "category" | "compared" | "confidence" | "dtype" | "effect" | "finding" | "macs" | "module" | "natural_error" | "numbers" | "origin" | "own_error" | "parameters" | "rule" | "time_us" | "weight_bytes" | "what-if ancestor" | "what-if consumers" | "what-if inference" | "what-if producers";
}

export interface ColourByNumbers {
  type: "numbers";
  value: string;
}

export interface ColourCompared {
  type: "colour-compared";
}

export interface Compare {
  type: "compare";
  value: string;
}

export interface Comparison {
  other: string;
  compares: boolean;
  is_wanted: boolean;
}

export interface EndTrace {
  type: "untrace";
}

export interface Escape {
  type: "escape";
}

export interface EventAnswer {
  n: number;
  at?: At;
  address?: string;
  graph?: Array<Record<string, any>>;
  highlight?: Highlight;
  parts?: Record<string, any>;
  other?: OtherGraph | null;
  model?: ModelFacts;
  edited?: boolean;
  error?: string;
  note?: string;
}

export interface EventRequest {
  n: number;
  event: Visit | Follow | Redraw | ChooseTab | SelectOp | SelectModule | SelectCall | SelectValue | SelectEdge | SelectFrame | FollowElement | RevealOp | RevealModule | GoToOp | GoToModule | FirstHit | Match | Clear | Escape | Toggle | ToggleStack | OpenLevel | CloseAll | Hide | ShowOnly | ShowAll | Place | Colour | GatherNumbers | ColourByNumbers | ColourCompared | Light | Unlight | StartTrace | EndTrace | ShowPath | TakeStep | Tour | Compare | ShowDifference | ToggleOther | SelectOther | Tick | KeepNamed | KeepFound | KeepSelected | KeepNothing | LeaveOut | ChoosePolicy | FillHoles | ChoosePart | ShowFigure | TakeDocument | ForgetDocument | SizeDimension | ShowDivergence | MoveOps | PutBack | Accept | KeepWhatIf | Rename | LeaveOutBlocks | Undo | Redo;
  theme?: "dark" | "light";
  shown?: string | null;
  at?: At | null;
  canvas?: [number, number] | null;
  earlier?: SelectModule | SelectCall | SelectEdge | null;
}

export interface ExtractChoice {
  selected: ModuleSelection;
  policy: "exclude_safe" | "include_all" | "include_context";
  fill: boolean;
}

export interface ExtractPart {
  model: string;
  query: string;
}

export interface Figures {
  profile: string;
  parity: string;
  symbols: Array<[string, number]>;
}

export interface FillHoles {
  type: "fill";
  value: "no" | "yes";
}

export interface FirstHit {
  type: "search";
  value: string;
}

export interface Follow {
  type: "follow";
  value: string;
}

export interface FollowElement {
  type: "element";
  value: string;
}

export interface ForgetDocument {
  type: "forget-measured";
  value: "parity" | "profile";
}

export interface GatherNumbers {
  type: "gather";
  value: "mean" | "sum";
}

export interface GoToModule {
  type: "show-module";
  value: string;
}

export interface GoToOp {
  type: "goto";
  value: string;
}

export interface Hide {
  type: "check";
  value: string;
}

export interface Highlight {
  selected: string | null;
  row: string | null;
  evidence: Array<string>;
  traced: Array<string> | null;
  lit: Array<string> | null;
  note: string;
  steps: Steps | null;
  said: string;
  place: Array<string>;
  look: string | null;
}

export interface KeepFound {
  type: "keep-found";
  value: string;
}

export interface KeepNamed {
  type: "keep";
  value: string;
}

export interface KeepNothing {
  type: "keep-nothing";
}

export interface KeepSelected {
  type: "keep-selection";
}

export interface KeepWhatIf {
  type: "keep-what-if";
  value: "ancestor" | "consumers" | "inference" | "producers";
}

export interface LeaveOut {
  type: "leave";
  value: string;
}

export interface LeaveOutBlocks {
  type: "leave-out-blocks";
}

export interface Light {
  type: "lit";
  value: string;
}

export interface Marks {
  counts: Record<string, number>;
  sentences: Array<string>;
  ops: Record<string, [number, number]>;
  boxes: Record<string, [number, number]>;
}

export interface Match {
  type: "match";
  value: NextMatch;
}

export interface Matches {
  elements: Record<string, number>;
  named: Array<string>;
}

export interface ModelFacts {
  key: string;
  modules: Array<[string, string]>;
  moved: number;
}

export interface ModuleFigures {
  chart?: Record<string, any> | null;
  sizes: Array<[string, number]>;
  columns?: Array<Record<string, any>>;
  rows?: Array<Record<string, any>>;
  selected: string | null;
  is_wanted: boolean;
}

export interface ModuleSelection {
  modules: Array<string>;
  exclude: Array<string>;
  ops: Array<string>;
}

export interface Move {
  kind: "found" | "op" | "ops" | "own";
  what: string;
  to: string;
}

export interface MoveOps {
  type: "move-ops";
  value: Move;
}

export interface NextMatch {
  query: string;
  step: -1 | 1;
}

export interface OpenLevel {
  type: "open-level";
  value?: [number, number] | null;
}

export interface OtherGraph {
  is_before: boolean;
  graph?: Array<Record<string, any>>;
  links?: Array<[string, string]>;
  highlight?: Highlight;
  error?: string;
}

export interface OtherSide {
  open: Array<string>;
  selection: ["" | "call" | "edge" | "module" | "op" | "ops" | "value", string];
}

export interface PageState {
  view: ViewState;
  selection: ["" | "call" | "edge" | "module" | "op" | "ops" | "value", string];
  trace: Trace | null;
  lit: Array<string>;
  numbers: string;
  redo: Array<string>;
  tour: number;
  path: "" | "context" | "module";
  step: number;
  choice: ExtractChoice;
  compared: string;
  difference: number;
  other: OtherSide;
  figures: Figures;
  figure: "activation_bytes" | "effect" | "macs" | "natural_error" | "own_error" | "parameters" | "time_us" | "weight_bytes" | "";
  divergence: number;
  tab: "audit" | "compare" | "extract" | "graph" | "measure" | "ops";
}

export interface PanelAnswer {
  n: number;
  parts: Record<string, any>;
  holds: Record<string, string>;
  table?: Table;
  extract?: ExtractPart;
  comparison?: Comparison;
  measure?: ModuleFigures;
  matches?: Matches;
  figures?: Record<string, any>;
  files?: Array<Record<string, string>>;
  marks?: Marks;
  unaudited?: boolean;
  error?: string;
}

export interface PanelRequest {
  n: number;
  at: At;
  theme?: "dark" | "light";
  holds?: Record<string, string>;
  query?: string;
  turned?: Array<string>;
  timings?: TimingsRequest | null;
  audit?: boolean;
}

export interface Place {
  type: "placement";
  value: "context" | "module";
}

export interface PutBack {
  type: "put-back";
  value: string;
}

export interface Redo {
  type: "redo";
}

export interface Redraw {
  type: "redraw";
}

export interface Rename {
  type: "rename";
  value: Renaming;
}

export interface Renaming {
  module: string;
  to: string;
}

export interface RevealModule {
  type: "reveal-module";
  value: string;
}

export interface RevealOp {
  type: "reveal";
  value: string;
}

export interface SelectCall {
  type: "call";
  value: string;
}

export interface SelectEdge {
  type: "edge";
  value: string;
}

export interface SelectFrame {
  type: "frame";
  value: Array<string>;
}

export interface SelectModule {
  type: "module";
  value: string;
}

export interface SelectOp {
  type: "op";
  value: string;
}

export interface SelectOther {
  type: "select-other";
  value: ["module" | "op" | "value", string];
}

export interface SelectValue {
  type: "value";
  value: string;
}

export interface ShowAll {
  type: "show-all";
}

export interface ShowDifference {
  type: "difference";
  value: string;
}

export interface ShowDivergence {
  type: "divergence";
  value: string;
}

export interface ShowFigure {
  type: "figure";
  value: "activation_bytes" | "effect" | "macs" | "natural_error" | "own_error" | "parameters" | "time_us" | "weight_bytes";
}

export interface ShowOnly {
  type: "only";
  value: string;
}

export interface ShowPath {
  type: "path";
  value: string;
}

export interface SizeDimension {
  type: "symbol";
  value: [string, number];
}

export interface StartTrace {
  type: "trace";
  value: Trace;
}

export interface Steps {
  op: string;
  path: string;
  at: number;
  of: number;
  note: string;
  look: string | null;
  badges: Array<Badge>;
}

export interface Table {
  rowData?: Array<Record<string, any>>;
  selectedRows: any;
  scrollTo?: Record<string, string>;
}

export interface TakeDocument {
  type: "measured";
  value: string;
}

export interface TakeStep {
  type: "step";
  value: -1 | 1;
}

export interface Tick {
  type: "tick";
  value: string;
}

export interface TimingsRequest {
  browser?: BrowserTimes | null;
  run?: string | null;
}

export interface Toggle {
  type: "toggle";
  value: string;
}

export interface ToggleOther {
  type: "toggle-other";
  value: string;
}

export interface ToggleStack {
  type: "stack";
  value: string;
}

export interface Tour {
  type: "tour";
  value: "back" | "end" | "next" | "start";
}

export interface Trace {
  way: "between" | "down" | "given" | "up";
  op: string;
  to: string;
}

export interface Undo {
  type: "undo";
}

export interface Unlight {
  type: "unlit";
}

export interface ViewState {
  open: Array<string>;
  placement: "context" | "module";
  hidden: Array<string>;
  apart: Array<string>;
  colour: "activation_bytes" | "category" | "compared" | "confidence" | "dtype" | "effect" | "finding" | "macs" | "module" | "natural_error" | "numbers" | "origin" | "own_error" | "parameters" | "rule" | "time_us" | "weight_bytes" | "what-if ancestor" | "what-if consumers" | "what-if inference" | "what-if producers";
  gather: "mean" | "sum";
  columns: number;
}

export interface Visit {
  type: "visit";
  value: string;
}

export interface Watched {
  n: number;
  name: string;
  key: string;
  at: number;
  base: string;
  rewritten: number;
  weights: boolean;
  doing: "" | "exporting" | "writing";
  problem: string;
  details: string;
  since: number;
  changes?: Array<string>;
}
