/**
 * Colours. Guarantees: none where the stream is no terminal, nor with NO_COLOR; nothing is said by colour alone, so the
 * text is the same without. Which line has which tone is decided by whoever prints it.
 */
import { styleText } from 'node:util';

export type Tone = 'bad' | 'warn' | 'good' | 'title';

const styles = { bad: 'red', warn: 'yellow', good: 'green', title: 'bold' } as const;

export function painted(text: string, tone: Tone, stream: NodeJS.WriteStream): string {
  if (!stream.isTTY || process.env.NO_COLOR) return text;
  return styleText(styles[tone], text, { stream });
}

/** Of a line of findings, which begins with `ok` or `✗`. */
export function toneOfFinding(line: string): Tone | undefined {
  const [mark] = line.trimStart().split(' ', 1);
  return mark === '✗' ? 'bad' : mark === 'ok' ? 'good' : undefined;
}
