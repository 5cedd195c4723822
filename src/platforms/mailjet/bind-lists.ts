/**
 * Which contact list a mapped permission is. Pure. A list is found by its name once and stays with its id afterwards:
 * one that is renamed keeps its consents and is reported; another one that takes over the name is not taken for it.
 */
import type { ContactsList } from './schema.ts';

export interface ListProblem {
  readonly code: 'MAILJET_LIST_RENAMED' | 'MAILJET_LIST_UNKNOWN' | 'MAILJET_LIST_AMBIGUOUS';
  /** The name in our configuration. */
  readonly permission: string;
  readonly message: string;
  readonly mend: string;
}

export interface BoundLists {
  readonly ids: Readonly<Record<string, number>>;
  readonly problems: readonly ListProblem[];
}

/** @param remembered what an earlier binding said; a list that is not there any more is looked for by its name again */
export function bindLists(
  names: readonly string[],
  lists: readonly ContactsList[],
  remembered: Readonly<Record<string, number>>,
): BoundLists {
  const ids: Record<string, number> = {};
  const problems: ListProblem[] = [];
  const taken = new Set<number>();

  for (const name of names) {
    const list = Object.hasOwn(remembered, name) ? lists.find(({ ID }) => ID === remembered[name]) : undefined;
    if (list === undefined) continue;
    ids[name] = list.ID;
    taken.add(list.ID);
    if (list.Name.trim() === name) continue;
    problems.push({
      code: 'MAILJET_LIST_RENAMED',
      permission: name,
      message: `The list of permission ${name} is called "${list.Name}" in Mailjet now. It is still used.`,
      mend: `Give it its name back in Mailjet; or, if it still stands for the same consent, map "${list.Name}" instead.`,
    });
  }

  for (const name of names) {
    if (Object.hasOwn(ids, name)) continue;
    const [match, other] = lists.filter((list) => list.Name.trim() === name);
    if (match === undefined) {
      problems.push({
        code: 'MAILJET_LIST_UNKNOWN',
        permission: name,
        message: `Mailjet has no contact list called ${name}.`,
        mend: 'Make that list in Mailjet (Contacts, contact lists), or map the name of one that is there, or marketing.',
      });
    } else if (other !== undefined || taken.has(match.ID)) {
      problems.push({
        code: 'MAILJET_LIST_AMBIGUOUS',
        permission: name,
        message: `More than one list or permission in Mailjet goes by the name ${name}.`,
        mend: 'Give each list its own name in Mailjet, and map each once.',
      });
    } else {
      ids[name] = match.ID;
      taken.add(match.ID);
    }
  }
  return { ids, problems };
}
