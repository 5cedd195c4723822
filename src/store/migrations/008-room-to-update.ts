/**
 * Half of each page is left free in the tables whose rows are written several times for each change (owed, taken, done; a
 * lease and its end). A new version of a row then fits beside the old one, and no index has to be written for it unless one
 * of its own columns changed. Pages that are full already stay as they are until their rows move.
 */
export const roomToUpdate = {
  name: '008-room-to-update',
  sql: `
alter table record set (fillfactor = 50);
alter table delivery set (fillfactor = 50);
alter table profile set (fillfactor = 50);
`,
};
