/** Every adapter that the conformance suite judges. One line each. */
import { bolddesk, bolddeskOtherwise, bolddeskWithoutPermissions } from './bolddesk.ts';
import { keap, keapOtherwise } from './keap.ts';
import { spotler } from './spotler.ts';
import type { ConformanceSubject } from './subject.ts';

export const subjects: readonly ConformanceSubject[] = [
  bolddesk,
  bolddeskOtherwise,
  bolddeskWithoutPermissions,
  spotler,
  keap,
  keapOtherwise,
];
