/** Parses Go's text/template: actions, pipelines, blocks. */
import { FUNCTION_NAMES } from './function-names.ts';
import type { Node, Operand, ParsedTemplate, Pipeline } from './nodes.ts';
import { templateError } from './template-error.ts';
import { cut, type Piece, type Token } from './tokens.ts';

/** Parses a template. Throws UsageError (BAD_TEMPLATE) for an invalid one. */
export function parse(template: string): ParsedTemplate {
  const parser = new Parser(template);
  const body = parser.block([]).body;
  return { body, defined: parser.defined };
}

type Ending = 'end' | 'else' | undefined;
const MAX_DEPTH = 100;

class Parser {
  readonly defined = new Map<string, Node[]>();
  private readonly template: string;
  private readonly pieces: Piece[];
  private next = 0;
  private depth = 0;

  constructor(template: string) {
    this.template = template;
    this.pieces = cut(template);
  }

  /** Parses nodes up to one of the endings; when none is given, up to the template's end. */
  block(endings: readonly Ending[]): { body: Node[]; ending: Ending; rest: Token[]; at: number } {
    const body: Node[] = [];
    for (
      let piece = this.pieces[this.next++];
      piece !== undefined;
      piece = this.pieces[this.next++]
    ) {
      if (piece.kind === 'text') {
        body.push(piece);
        continue;
      }
      const [first, ...rest] = piece.tokens;
      const word = first?.kind === 'word' ? first.text : '';
      if (word === 'end' || word === 'else') {
        if (!endings.includes(word)) throw this.error(piece.at, `"${word}" is not expected`);
        return { body, ending: word, rest, at: piece.at };
      }
      body.push(...this.action(word, piece.tokens, piece.at));
    }
    if (endings.length > 0) throw this.error(this.template.length, '{{end}} is missing');
    return { body, ending: undefined, rest: [], at: this.template.length };
  }

  private action(word: string, tokens: Token[], at: number): Node[] {
    const rest = tokens.slice(1);
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return [this.control(word, rest, at)];
      case 'break':
      case 'continue':
        return [{ kind: word }];
      case 'define':
        this.define(rest, at);
        return [];
      case 'block':
        this.define(rest.slice(0, 1), at);
        return [this.call(rest, at)];
      case 'template':
        return [this.call(rest, at)];
      default:
        return [{ kind: 'print', pipeline: this.pipeline(tokens, at) }];
    }
  }

  private control(kind: 'if' | 'with' | 'range', tokens: Token[], at: number): Node {
    if (++this.depth > MAX_DEPTH) throw this.error(at, 'nested too deeply');
    const pipeline = this.pipeline(tokens, at);
    const { body, ending, rest, at: end } = this.block(['end', 'else']);
    let otherwise: Node[] = [];
    if (ending === 'else') {
      const [word, ...condition] = rest;
      otherwise =
        word === undefined
          ? this.block(['end']).body
          : [this.control(this.elseKind(word, end), condition, end)];
    }
    this.depth--;
    return { kind, pipeline, body, otherwise };
  }

  private elseKind({ kind, text }: Token, at: number): 'if' | 'with' {
    if (kind === 'word' && (text === 'if' || text === 'with')) return text;
    throw this.error(at, `"${text}" can't follow else`);
  }

  private define(tokens: readonly Token[], at: number): void {
    const name = tokens[0];
    if (name?.kind !== 'string' || tokens.length > 1) {
      throw this.error(at, 'define needs a name in quotes');
    }
    this.defined.set(name.text, this.block(['end']).body);
  }

  private call([name, ...rest]: readonly Token[], at: number): Node {
    if (name?.kind !== 'string') throw this.error(at, 'template needs a name in quotes');
    const pipeline = rest.length === 0 ? undefined : this.pipeline(rest, at);
    return { kind: 'template', name: name.text, pipeline };
  }

  private pipeline(tokens: readonly Token[], at: number): Pipeline {
    const reader = new PipelineReader(tokens, (reason) => this.error(at, reason));
    return reader.whole();
  }

  private error(at: number, reason: string): Error {
    return templateError(this.template, at, reason);
  }
}

class PipelineReader {
  private readonly tokens: readonly Token[];
  private readonly error: (reason: string) => Error;
  private at = 0;
  private depth = 0;

  constructor(tokens: readonly Token[], error: (reason: string) => Error) {
    this.tokens = tokens;
    this.error = error;
  }

  whole(): Pipeline {
    const pipeline = this.pipeline();
    const left = this.tokens[this.at];
    if (left !== undefined) throw this.error(`"${left.text}" is not expected`);
    return pipeline;
  }

  private pipeline(): Pipeline {
    if (++this.depth > MAX_DEPTH) throw this.error('nested too deeply');
    const assigns = this.assignment();
    const commands: Operand[][] = [];
    do {
      commands.push(this.command());
    } while (this.takes('|'));
    this.depth--;
    return { commands, assigns };
  }

  /** Parses `$x :=`, `$x =` or `$i, $x :=`; reads nothing when there is no assignment. */
  private assignment(): Pipeline['assigns'] {
    const start = this.at;
    const names: string[] = [];
    while (this.tokens[this.at]?.kind === 'variable') {
      names.push(this.tokens[this.at++]?.text ?? '');
      if (!this.takes(',')) break;
    }
    const declares = names.length > 0 && this.takes(':=');
    if (declares || (names.length > 0 && this.takes('='))) {
      if (names.length > 2) throw this.error('at most two variables');
      return { names, declares };
    }
    this.at = start;
    return undefined;
  }

  private command(): Operand[] {
    const operands: Operand[] = [];
    for (let token = this.tokens[this.at]; token !== undefined; token = this.tokens[this.at]) {
      if (token.kind === 'punctuation' && (token.text === '|' || token.text === ')')) break;
      operands.push(this.operand());
    }
    if (operands.length === 0) throw this.error('a value is missing');
    return operands;
  }

  private operand(): Operand {
    let operand = this.term();
    for (let token = this.tokens[this.at]; token?.kind === 'field' && !token.isSpaced;) {
      operand = { kind: 'field', of: operand, name: token.text.slice(1) };
      token = this.tokens[++this.at];
    }
    return operand;
  }

  private term(): Operand {
    const token = this.tokens[this.at++];
    switch (token?.kind) {
      case 'string':
        return { kind: 'constant', value: token.text };
      case 'char':
        return { kind: 'constant', value: token.text.codePointAt(0) ?? 0 };
      case 'number':
        return { kind: 'constant', value: Number(token.text) };
      case 'variable':
        return { kind: 'variable', name: token.text };
      case 'field':
        return { kind: 'field', of: { kind: 'dot' }, name: token.text.slice(1) };
      case 'word':
        return this.word(token.text);
      default:
        return this.punctuation(token?.text);
    }
  }

  private word(text: string): Operand {
    const constants: Record<string, boolean | null> = { true: true, false: false, nil: null };
    if (Object.hasOwn(constants, text)) return { kind: 'constant', value: constants[text] ?? null };
    if (!FUNCTION_NAMES.has(text)) throw this.error(`no such function as "${text}"`);
    return { kind: 'function', name: text };
  }

  private punctuation(text: string | undefined): Operand {
    if (text === '.') return { kind: 'dot' };
    if (text !== '(') throw this.error(`"${text ?? 'the end'}" is not expected`);
    const pipeline = this.pipeline();
    if (!this.takes(')')) throw this.error('")" is missing');
    return { kind: 'pipeline', pipeline };
  }

  private takes(text: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== 'punctuation' || token.text !== text) return false;
    this.at++;
    return true;
  }
}
