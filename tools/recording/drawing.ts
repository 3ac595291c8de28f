/**
 * Draws screens of a terminal as one animated SVG: each frame a group of text lines that is visible
 * for its time, over and over.
 */

/** What was on the screen, and for how long. */
export interface Frame {
  lines: string[];
  durationMs: number;
}

/** Size of the screen in characters. */
export interface ScreenSize {
  columns: number;
  rows: number;
}

const CHARACTER_WIDTH = 8.4;
const LINE_HEIGHT = 18;
const MARGIN = 14;
/** The last frame stays before all begins again. */
const PAUSE_MS = 3000;

/** The text of the SVG. Each line is stretched to its columns, whatever font there is. */
export function drawing(frames: readonly Frame[], { columns, rows }: ScreenSize): string {
  const width = Math.ceil(columns * CHARACTER_WIDTH + 2 * MARGIN);
  const height = rows * LINE_HEIGHT + 2 * MARGIN;
  const totalMs = frames.reduce((sum, { durationMs }) => sum + durationMs, PAUSE_MS);
  let atMs = 0;
  const groups = frames.map((frame, index) => {
    const endMs = index === frames.length - 1 ? totalMs : atMs + frame.durationMs;
    const group = groupOf(frame.lines, { from: atMs / totalMs, to: endMs / totalMs, totalMs });
    atMs = endMs;
    return group;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}"`,
    ' font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14" fill="#d8dee9">',
    `<rect width="${width}" height="${height}" rx="8" fill="#1c212b"/>`,
    ...groups,
    '</svg>\n',
  ].join('\n');
}

interface Span {
  /** Parts of the whole, 0 to 1. */
  from: number;
  to: number;
  totalMs: number;
}

function groupOf(lines: readonly string[], { from, to, totalMs }: Span): string {
  const texts = lines.map((line, row) => line === '' ? '' : textOf(line, row)).join('');
  const times = [0, from, Math.min(to, 1)].map((part) => part.toFixed(4)).join(';');
  const visible = from === 0 ? 'inline;inline;none' : 'none;inline;none';
  // The frame at the end stays visible where nothing is animated.
  const last = to >= 1;
  const values = last ? visible.replace(/none$/, 'inline') : visible;
  return `<g display="${last ? 'inline' : 'none'}">${texts}<animate attributeName="display"`
    + ` values="${values}" keyTimes="${times}" dur="${totalMs}ms" calcMode="discrete"`
    + ' repeatCount="indefinite"/></g>';
}

function textOf(line: string, row: number): string {
  const indent = line.length - line.trimStart().length;
  const x = (MARGIN + indent * CHARACTER_WIDTH).toFixed(1);
  const y = MARGIN + (row + 1) * LINE_HEIGHT - 5;
  const text = line.trimStart();
  const width = (text.length * CHARACTER_WIDTH).toFixed(1);
  return `<text x="${x}" y="${y}" textLength="${width}" xml:space="preserve">`
    + `${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
