/** The form in which an error is described for people. Holds no behaviour. */
import type { ErrorKind } from '../http/errors.ts';

/** What the connector does meanwhile. The first five are the kinds of an error; the rest are codes that are none. */
export type Meanwhile = ErrorKind | 'varies' | 'open' | 'result' | 'alarm' | 'note' | 'paused';

/** What the connector does meanwhile; what happened; how to mend it. */
export type ErrorEntry = readonly [meanwhile: Meanwhile, happened: string, mend: string];

export interface ErrorGroup {
  readonly title: string;
  /** Where people meet these codes. */
  readonly where: string;
  /** By code. A part that differs is written in angle brackets: `HTTP_<status>`. */
  readonly entries: Readonly<Record<string, ErrorEntry>>;
}
