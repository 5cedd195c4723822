/** Every adapter that the conformance suite judges. One line each. */

import { bolddesk, bolddeskOtherwise, bolddeskWithoutPermissions } from './bolddesk.ts';
import { dialogInsight, dialogInsightProjects } from './dialoginsight.ts';
import { keap, keapOtherwise } from './keap.ts';
import { mailjet, mailjetByJobs, mailjetOtherwise } from './mailjet.ts';
import { spotler } from './spotler.ts';
import type { ConformanceSubject } from './subject.ts';

export const subjects: readonly ConformanceSubject[] = [
  bolddesk,
  bolddeskOtherwise,
  bolddeskWithoutPermissions,
  spotler,
  keap,
  keapOtherwise,
  mailjet,
  mailjetOtherwise,
  mailjetByJobs,
  dialogInsight,
  dialogInsightProjects,
];
