/** Cuts a Go template into text and the words of its actions. */
import { templateError } from './template-error.ts';

/** A word inside `{{ }}`. */
export interface Token {
  kind: 'word' | 'field' | 'variable' | 'string' | 'number' | 'char' | 'punctuation';
  /** As written; the content for strings. */
  text: string;
  /** Whether a blank stands before it: `.A.B` is one chain, `.A .B` are two arguments. */
  isSpaced: boolean;
}

/** Text between actions, or an action's words. */
export type Piece =
  { kind: 'text'; text: string } | { kind: 'action'; tokens: Token[]; at: number };

const OPEN = '{{';
const CLOSE = '}}';
const WORD = /^[A-Za-z_][A-Za-z0-9_]*/;
const FIELD = /^\.[A-Za-z_][A-Za-z0-9_]*/;
const VARIABLE = /^\$[A-Za-z0-9_]*/;
const NUMBER = /^[+-]?(0[xX][0-9a-fA-F]+|\d+(\.\d*)?([eE][+-]?\d+)?)/;
const STRING = /^"((?:[^"\\\n]|\\.)*)"/;
const RAW = /^`([^`]*)`/;
const CHAR = /^'((?:[^'\\\n]|\\.)+)'/;
const PUNCTUATION = /^(:=|[|()=,.])/;

/** The pieces in order; `{{-` and `-}}` have taken the blanks beside them. Throws UsageError. */
export function cut(template: string): Piece[] {
  const pieces: Piece[] = [];
  let trimNext = false;
  for (let at = 0; at < template.length;) {
    const open = template.indexOf(OPEN, at);
    const end = open < 0 ? template.length : open;
    let text = template.slice(at, end);
    if (trimNext) text = text.trimStart();
    const trims = open >= 0 && /^\{\{-\s/.test(template.slice(open, open + 4));
    pieces.push({ kind: 'text', text: trims ? text.trimEnd() : text });
    if (open < 0) break;
    const action = readAction(template, open + (trims ? 3 : 2), open);
    trimNext = action.trims;
    at = action.next;
    if (action.tokens !== undefined)
      pieces.push({ kind: 'action', tokens: action.tokens, at: open });
  }
  return pieces.filter((piece) => piece.kind === 'action' || piece.text !== '');
}

interface Action {
  /** Undefined for a comment. */
  tokens: Token[] | undefined;
  next: number;
  trims: boolean;
}

function readAction(template: string, from: number, open: number): Action {
  const comment = /^\s*\/\*[\s\S]*?\*\/\s*(-?)\}\}/.exec(template.slice(from));
  if (comment !== null) {
    return { tokens: undefined, next: from + comment[0].length, trims: comment[1] === '-' };
  }
  const tokens: Token[] = [];
  let isSpaced = false;
  for (let at = from; at < template.length;) {
    const rest = template.slice(at);
    const close = /^(\s-)?\}\}/.exec(rest);
    if (close !== null)
      return { tokens, next: at + close[0].length, trims: close[1] !== undefined };
    const blank = /^\s+/.exec(rest);
    if (blank !== null) {
      isSpaced = true;
      at += blank[0].length;
      continue;
    }
    const { token, length } = readToken(template, at);
    tokens.push({ ...token, isSpaced });
    isSpaced = false;
    at += length;
  }
  throw templateError(template, open, `the action is not closed by ${CLOSE}`);
}

const PATTERNS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['field', FIELD],
  ['variable', VARIABLE],
  ['number', NUMBER],
  ['word', WORD],
  ['punctuation', PUNCTUATION],
];

function readToken(
  template: string,
  at: number,
): { token: Omit<Token, 'isSpaced'>; length: number } {
  const rest = template.slice(at);
  const raw = RAW.exec(rest);
  if (raw !== null) return { token: { kind: 'string', text: raw[1] ?? '' }, length: raw[0].length };
  const quoted = STRING.exec(rest);
  if (quoted !== null) {
    return { token: { kind: 'string', text: unescape(quoted[1] ?? '') }, length: quoted[0].length };
  }
  const char = CHAR.exec(rest);
  if (char !== null) {
    return { token: { kind: 'char', text: unescape(char[1] ?? '') }, length: char[0].length };
  }
  for (const [kind, pattern] of PATTERNS) {
    const found = pattern.exec(rest)?.[0];
    if (found !== undefined) return { token: { kind, text: found }, length: found.length };
  }
  throw templateError(template, at, `"${rest.charAt(0)}" is not expected`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
};

function unescape(text: string): string {
  return text.replace(
    /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/g,
    (_, escape: string) => {
      if (/^[xuU]/.test(escape) && escape.length > 1) {
        const code = Number.parseInt(escape.slice(1), 16);
        return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
      }
      return /^[0-7]{3}$/.test(escape)
        ? String.fromCharCode(Number.parseInt(escape, 8))
        : (ESCAPES[escape] ?? escape);
    },
  );
}
