/** Breaks of the first five invariants: nothing owed is lost, newest truth, deletes, absence, the brake. */
import { type Break, tests } from './plan.ts';

export const firstBreaks: readonly Break[] = [
  {
    invariant: 1,
    what: 'the position in the feed moves on although nothing of the page is marked owed',
    file: 'src/store/checkpoints.ts',
    find: 'changes: move.changes,',
    replace: 'changes: [],',
    noticedBy: tests(
      'conformance/store/checkpoints: is owed on every target, in the page’s lot when it is part of a full read',
      'e2e/core/killed: a new person is created once, with the permissions of the CRM',
    ),
  },
  {
    invariant: 1,
    what: 'a page is passed from a position that is no longer the one that was read',
    file: 'src/store/checkpoints.ts',
    find: 'where crm_table = ${move.table} and link is not distinct from ${move.from}::text',
    replace: 'where crm_table = ${move.table} and (true or link is not distinct from ${move.from}::text)',
    noticedBy: tests('conformance/store/checkpoints: moves only from where it was read, in its mode and generation'),
  },
  {
    invariant: 1,
    what: 'news that came in while a record was worked on is taken for applied',
    file: 'src/store/deliveries.ts',
    find: 'when d.owed_seq > n.seq then d.due_at\n        when n.staged',
    replace: 'when n.staged',
    noticedBy: tests('conformance/store/completions: news that came in during the lease keeps it due, with its lot'),
  },
  {
    invariant: 1,
    what: 'what a dead worker had claimed is never claimed again',
    file: 'src/store/deliveries.ts',
    find: 'where target = ${lease.target} and due_at <= now() and (lease_until is null or lease_until < now())',
    replace: 'where target = ${lease.target} and due_at <= now() and lease_until is null',
    noticedBy: tests(
      'conformance/store/claims: a lease that ran out passes to whoever asks, one that was renewed does not',
    ),
  },
  {
    invariant: 2,
    what: 'a worker whose lease passed to somebody else still writes down what it did',
    file: 'src/store/profiles.ts',
    find: 'if (Number(result.numAffectedRows ?? 0) < changes.length) throw new LeaseLostError();',
    replace: '',
    noticedBy: tests(
      'conformance/store/unit-of-work: or nothing of it, when the lease passed to somebody else',
      'conformance/store/profiles: whose lease passed to somebody else changes nothing',
    ),
  },
  {
    invariant: 2,
    what: 'a call that was cut off is believed not to land any more',
    file: 'src/sync/complete.ts',
    find: 'return left > 0 ? Math.ceil(left) : undefined;',
    replace: 'return left > Number.MAX_VALUE ? left : undefined;',
    noticedBy: tests(
      'e2e/core/late-effects: by a rule: the person is erased again, and is gone in the end',
      'e2e/core/late-effects: an edit that lands after a later edit is sent once more: the newest truth stays',
    ),
  },
  {
    invariant: 2,
    what: 'what others sent meanwhile is not taken for a difference',
    file: 'src/sync/plan.ts',
    find: 'profile.openIntents.length === 0 &&\n    !giveOwnKey',
    replace: '!giveOwnKey',
    noticedBy: tests('e2e/core/late-effects: an edit that was taken back before it landed does not stay'),
  },
  {
    invariant: 2,
    what: 'somebody erased on request comes back by work that was owed before',
    file: 'src/sync/judge.ts',
    find: 'const isMarked = row !== undefined && view.ledger.erasedEtag === row.etag;',
    replace: 'const isMarked = false;',
    noticedBy: tests(
      'e2e/core/coming-back: a change that was owed before the erasure was complete does not bring the person back',
    ),
  },
  {
    invariant: 2,
    what: 'whoever was erased along with somebody comes back while another target is waited for',
    file: 'src/sync/judge.ts',
    find: 'erasedBefore: isMarked || isErasedAlong,',
    replace: 'erasedBefore: isMarked,',
    noticedBy: tests(
      'e2e/core/five-targets: whoever was erased along with a person stays away while another target is waited for, also when the person moves on',
    ),
  },
  {
    invariant: 2,
    what: 'a note on the record of somebody erased may land after the row was read, and bring them back',
    file: 'src/sync/settle.ts',
    find: 'if (!(await noteErasure(core, [...refs.values()], detail, signal))) return false;',
    replace: '',
    noticedBy: tests(
      'e2e/core/notes: whoever was erased on request stays away, and comes back with the next change of a person',
      'e2e/core/notes: an erasure is not closed while a note of the person may still be on its way',
    ),
  },
  {
    invariant: 3,
    what: 'a full read after a lost position is not compared with the ledger',
    file: 'src/sync/pull.ts',
    find: "if (at && at.mode === 'delta' && !at.full_read_done && !result.overtaken) {",
    replace: "if (at && at.mode === 'initial' && !at.full_read_done && !result.overtaken) {",
    noticedBy: tests(
      'e2e/core/positions: an expired token: edits, creations and deletes of the gap are all found',
      'e2e/core/positions: a position that Dataverse does not know any more is read again from the start, with an alarm',
    ),
  },
  {
    invariant: 3,
    what: 'the comparison finds out who is gone and owes nobody',
    file: 'src/sync/compare.ts',
    find: 'for (const id of answers) if (id !== undefined) gone.push(id);',
    replace: 'for (const id of answers) if (id === undefined) gone.length = 0;',
    noticedBy: tests(
      'e2e/core/positions: a ledger that missed a delete finds it by the daily comparison',
      'e2e/core/brake: the result of an enumeration is one lot',
    ),
  },
  {
    invariant: 3,
    what: 'a tombstone is read as an ordinary change',
    file: 'src/dataverse/change-feed.ts',
    find: 'return { id, deleted, email:',
    replace: 'return { id, deleted: false, email:',
    noticedBy: tests(
      'unit/dataverse/change-feed: count once an id, and the last mention wins',
      'conformance/dataverse-room: gives every row once over its pages, then what changed',
    ),
  },
  {
    invariant: 4,
    what: 'whoever is missing from a bulk read counts as deleted without being asked for alone',
    file: 'src/sync/gather.ts',
    find: "if (tombstone) return { kind: 'deleted' };",
    replace: "if (tombstone || id) return { kind: 'deleted' };",
    noticedBy: tests(
      'e2e/core/absence: a row that is missing from the bulk read without a tombstone is asked for alone before anything is concluded',
    ),
  },
  {
    invariant: 4,
    what: 'any refusal of a single row is taken for "does not exist"',
    file: 'src/dataverse/record-reader.ts',
    find: "if (error.code === 'ROW_DOES_NOT_EXIST' && error.status === 404) return undefined;",
    replace: 'if (error.status !== undefined) return undefined;',
    noticedBy: tests(
      'conformance/dataverse-room: never takes a missing privilege for a missing row',
      'unit/dataverse/record-reader: never takes a 403 for the row as absence',
      'unit/dataverse/record-reader: never takes another 404 as absence',
    ),
  },
  {
    invariant: 4,
    what: 'an address that we may not see is taken for no address',
    file: 'src/sync/gather.ts',
    find: 'if (!(await core.crm.hidesAddress(table, maxAgeMs, signal))) {',
    replace: 'if (maxAgeMs >= 0) {',
    noticedBy: tests(
      'e2e/core/absence: an address column that is hidden from the application user parks people instead of erasing them',
    ),
  },
  {
    invariant: 4,
    what: 'another organization behind the same address is not noticed',
    file: 'src/sync/configuration.ts',
    find: 'if (stored !== organization) {',
    replace: 'if (stored === undefined) {',
    noticedBy: tests(
      'e2e/core/positions: another organization under the same URL is refused, and nobody is anonymized',
      'e2e/core/positions: an organization that changes under a running worker erases nobody, identity: address',
    ),
  },
  {
    invariant: 5,
    what: 'what the brake holds is erased all the same',
    file: 'src/sync/automatic.ts',
    find: "if (verdict === 'passed' || verdict === 'approved') go.push({ ...item, approval });",
    replace: 'if (verdict) go.push({ ...item, approval });',
    noticedBy: tests(
      'e2e/core/brake: a lot within the limit passes, one above it is held whole before the first erasure',
      'e2e/core/brake: a first contact with a populated account is one lot',
    ),
  },
  {
    invariant: 5,
    what: 'what passed before does not count in the window',
    file: 'src/store/brake.ts',
    find: 'passed + count <= allowed',
    replace: 'count <= allowed',
    noticedBy: tests(
      'conformance/store/brake: a lot passes whole up to the limit, and what passed counts for the next',
    ),
  },
  {
    invariant: 5,
    what: 'a lot is judged before its last page has come',
    file: 'src/store/brake.ts',
    find: 'and not exists (select 1 from checkpoint k where k.lot = c.lot)',
    replace: '',
    noticedBy: tests('conformance/store/brake: a lot is not judged while its pages are still being read'),
  },
  {
    invariant: 5,
    what: 'after a hold the next lot passes as if there were none',
    file: 'src/store/brake.ts',
    find: 'if (open === null && passed',
    replace: 'if (passed',
    noticedBy: tests(
      'conformance/store/brake: everything automatic after a hold is held as well, on one list of its own',
      'e2e/core/brake: after a hold everything automatic is held too, however little it is',
    ),
  },
];
