/**
 * The rooms of the house and the doors between them:
 *   cli, app, server, jobs → sync, queue → rules, dataverse, platforms, store → http, config
 * Each rule names what is refused; `npm run layers` checks all of src, jobs, config, fixtures and test.
 */
const top = '^(src/(cli|app|server|cli-[^/]+|commands)(/|\\.ts$)|jobs/)';
const middle = '^src/(sync|queue)/';
const lower = '^src/(rules|dataverse|platforms|store)/';
const bottom = '^(src/http/|config/)';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle has no first file to read.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'rules-stand-alone',
      comment: 'The rules are pure: they import nothing outside their own folder.',
      severity: 'error',
      from: { path: '^src/rules/' },
      to: { pathNot: '^src/rules/' },
    },
    {
      name: 'errors-are-words',
      comment: 'The catalogue of errors is read by every room and knows none.',
      severity: 'error',
      from: { path: '^src/errors/' },
      to: { pathNot: '^src/(errors/|http/errors\\.ts$)' },
    },
    {
      name: 'bottom-knows-nobody',
      comment: 'http and config are used by all and use nothing above them.',
      severity: 'error',
      from: { path: bottom },
      to: { path: '^(src/(?!http/|logging\\.ts$)|jobs/)' },
    },
    {
      name: 'config-knows-no-http',
      comment: 'config is the lowest room.',
      severity: 'error',
      from: { path: '^config/' },
      to: { path: '^src/(?!http/errors\\.ts$)' },
    },
    {
      name: 'lower-knows-not-above',
      comment: 'rules, dataverse, platforms and store know http and config only.',
      severity: 'error',
      from: { path: lower },
      to: { path: '^(src/(cli|app|server|sync|queue|commands)|jobs/)' },
    },
    {
      name: 'lower-rooms-stand-apart',
      comment: 'dataverse, platforms and store do not know each other, nor the rules.',
      severity: 'error',
      from: { path: '^src/(dataverse|platforms|store)/' },
      to: { path: lower, pathNot: '^src/$1/' },
    },
    {
      name: 'middle-knows-not-above',
      comment: 'sync and queue do not know who calls them.',
      severity: 'error',
      from: { path: middle },
      to: { path: top },
    },
    {
      name: 'sync-knows-no-queue',
      comment: 'The use cases know wake-ups (their own interface), not BullMQ.',
      severity: 'error',
      from: { path: '^src/sync/' },
      to: { path: '^(src/queue/|node_modules/(bullmq|ioredis)/)' },
    },
    {
      name: 'queue-knows-use-cases-only',
      comment: 'Of sync the queue sees the interface of the use cases, and of the lower rooms nothing.',
      severity: 'error',
      from: { path: '^src/queue/' },
      to: { path: '^src/(sync/(?!use-cases\\.ts$)|rules|dataverse|platforms|store)' },
    },
    {
      name: 'sync-knows-the-port-only',
      comment: 'sync knows platforms by the port, never one by name; the registry is for app.',
      severity: 'error',
      from: { path: '^src/(sync|queue)/' },
      to: { path: '^src/platforms/(?!platform\\.ts$)' },
    },
    {
      name: 'registry-for-app',
      comment: 'Only the composition root (and the check of the configuration) chooses platforms.',
      severity: 'error',
      from: { path: '^(src|jobs)/', pathNot: '^src/(app|cli|commands|generate|platforms)' },
      to: { path: '^src/platforms/registry\\.ts$' },
    },
    {
      name: 'platforms-stand-apart',
      comment: 'One adapter does not know another.',
      severity: 'error',
      from: { path: '^src/platforms/([^/]+)/' },
      to: { path: '^src/platforms/[^/]+/', pathNot: '^src/platforms/$1/' },
    },
    {
      name: 'sql-in-the-store',
      comment: 'Only the store speaks SQL; the queue hands its pool on.',
      severity: 'error',
      from: { path: '^(src|jobs|config)/', pathNot: '^src/(store|queue|app)' },
      to: { path: '^node_modules/(pg|kysely)/' },
    },
    {
      name: 'product-knows-no-tests',
      comment: 'What is shipped knows neither fixtures nor tests, nor packages for development.',
      severity: 'error',
      from: { path: '^(src|jobs|config)/' },
      to: { path: '^(fixtures|test)/' },
    },
    {
      name: 'no-development-packages',
      comment: 'What is shipped runs without development packages.',
      severity: 'error',
      from: { path: '^(src|jobs|config)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/@types/' },
    },
    {
      name: 'model-stands-alone',
      comment:
        'The oracle is written from the design alone: it imports nothing from the product; its tests compare the two.',
      severity: 'error',
      from: { path: '^test/model/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(src|jobs)/' },
    },
    {
      name: 'simulators-stand-alone',
      comment: 'A simulator that used the product would agree with its mistakes.',
      severity: 'error',
      from: { path: '^fixtures/simulators/' },
      to: { path: '^(src|jobs)/' },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
