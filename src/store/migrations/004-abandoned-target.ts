/** A target that was taken out of the configuration for good answers no erasure any more: that is an end of its own. */
export const abandonedTarget = {
  name: '004-abandoned-target',
  sql: `
alter table erasure_target drop constraint erasure_target_state_check;
alter table erasure_target add constraint erasure_target_state_check
  check (state in ('pending', 'done', 'absent', 'abandoned'));
`,
};
