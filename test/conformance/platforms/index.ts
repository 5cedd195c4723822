/** Every adapter that the conformance suite judges. One line each. */
import { keap, keapOtherwise } from './keap.ts';
import { spotler } from './spotler.ts';
import type { ConformanceSubject } from './subject.ts';

export const subjects: readonly ConformanceSubject[] = [spotler, keap, keapOtherwise];
