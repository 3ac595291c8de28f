/** A parsed template. */

/** A value in an action. */
export type Operand =
  | { kind: 'dot' }
  | { kind: 'constant'; value: string | number | boolean | null }
  | { kind: 'variable'; name: string }
  | { kind: 'function'; name: string }
  | { kind: 'field'; of: Operand; name: string }
  | { kind: 'pipeline'; pipeline: Pipeline };

/** `a | f x | g`: each command gets the result of the one before as its last argument. */
export interface Pipeline {
  commands: Operand[][];
  /** `$x := …` declares, `$x = …` sets; a range may declare two. */
  assigns: { names: string[]; declares: boolean } | undefined;
}

/** A part of a template. */
export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'print'; pipeline: Pipeline }
  | { kind: 'if' | 'with' | 'range'; pipeline: Pipeline; body: Node[]; otherwise: Node[] }
  | { kind: 'break' | 'continue' }
  | { kind: 'template'; name: string; pipeline: Pipeline | undefined };

/** The main template, and the templates that it defines by name. */
export interface ParsedTemplate {
  body: Node[];
  defined: ReadonlyMap<string, Node[]>;
}
