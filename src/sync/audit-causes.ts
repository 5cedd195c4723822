/**
 * What an audit may find, in the order in which it matters, with a sentence for people and what `--repair` does about
 * it. No behaviour.
 */
import type { TargetName } from '../../config/words.ts';

export const driftCauses = [
  'erased-is-back',
  'suppressed-is-there',
  'should-be-gone',
  'stranger',
  'permission-up',
  'appeared',
  'missing',
  'changed-by-hand',
  'not-applied',
  'duplicate',
] as const;
export type DriftCause = (typeof driftCauses)[number];

interface CauseWords {
  readonly sentence: string;
  /** What a repair does; what a person has to do where it does nothing. */
  readonly repair: string;
}

export const causeWords: Readonly<Record<DriftCause, CauseWords>> = {
  'erased-is-back': {
    sentence: 'erased on request, and there again',
    repair: 'the erasure is asked for again, with the limit for erasures on request',
  },
  'suppressed-is-there': {
    sentence: 'on the suppression list, and there',
    repair: 'anonymized',
  },
  'should-be-gone': {
    sentence: 'to be anonymized by what the CRM says, and there',
    repair: 'anonymized, through the brake',
  },
  stranger: {
    sentence: 'the external id is a GUID that no table of the CRM has',
    repair: 'anonymized, through the brake',
  },
  'permission-up': {
    sentence: 'a permission is up without the word of the CRM',
    repair: 'lowered',
  },
  appeared: {
    sentence: 'there, although the ledger says that nobody is',
    repair: 'taken over as somebody from earlier times; no permission is raised',
  },
  missing: {
    sentence: 'not there, although it was written there',
    repair: 'written again if the rules allow to create the person, else remembered as not there',
  },
  'changed-by-hand': {
    sentence: 'data is another one than what was written',
    repair: 'written again',
  },
  'not-applied': {
    sentence: 'the CRM says something else than what was last applied, and nothing is owed',
    repair: 'applied',
  },
  duplicate: {
    sentence: 'there more than once',
    repair: 'nothing: merge or delete by hand on the platform',
  },
};

/** One thing that is not as it should be. Ids and names only. */
export interface Drift {
  readonly target: TargetName;
  /** `table/guid`; of a stranger only the GUID is known. */
  readonly record: string;
  readonly cause: DriftCause;
  /** Names of permissions or properties, where it is about some of them. */
  readonly details: readonly string[];
}
