/** How the text of one value is made: the options of `inspect`, and where in the value the walk is. */
interface InspectContext {
  showHidden: boolean;
  depth: number | null;
  colors: boolean;
  customInspect: boolean;
  showProxy: boolean;
  maxArrayLength: number;
  maxStringLength: number;
  breakLength: number;
  compact: number | boolean;
  sorted: boolean | ((left: string, right: string) => number);
  getters: boolean | 'get' | 'set';
  numericSeparator: boolean;
  stylize: (text: string, style: string) => string;
  userOptions: any;
  ancestors: any[];
  circular: Map<any, number> | undefined;
  indentation: number;
  currentDepth: number;
  lengthAtIndentation: number[];
  formatValue: (context: InspectContext, value: any, depth: number, insideTypedArray?: boolean) => string;
  formatProperty: (context: InspectContext, value: any, depth: number, key: PropertyKey, kind: string) => string;
}

/** An object that is to be described. */
interface InspectRequest {
  context: InspectContext;
  value: any;
  constructorName: string | null;
  tag: string;
  /** With `showHidden`: what prototypes of the program add. */
  inherited: string[] | undefined;
  insideTypedArray: boolean;
}

/** What `inspect` lays out. */
interface InspectDescription {
  prefix: string;
  name: string;
  base: string;
  open: string;
  close: string;
  contents: (context: InspectContext, value: any, depth: number) => string[];
  keys: PropertyKey[];
  isList: boolean;
}
