/** The import order of the house (docs/architecture.md): arms <- controller <- {protocols, sim, config} <- main.ts. */
const only = (from, ...allowed) => ({
  name: `${from}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: {
    path: '^(arms|controller|protocols|sim|config|console|cli|test|main\\.ts)',
    pathNot: [from, ...allowed].map((room) => `^${room}`),
  },
});

/** Rooms whose result is decided by their arguments alone: no clock, no input or output, no logging. */
const PURE = '^(arms|controller/(core|domain|machines|scheduling|coordination|operations))/';

module.exports = {
  forbidden: [
    only('arms'),
    only('controller', 'arms'),
    only('protocols', 'arms', 'controller'),
    only('sim', 'arms', 'controller'),
    only('config', 'arms', 'controller'),
    only('console', 'protocols/http/interface'),
    {
      name: 'monitor-shares-nothing-with-the-planner',
      comment: 'The second guard: what both got wrong in the same way, nobody would notice.',
      severity: 'error',
      from: { path: '^controller/coordination/monitor(/|\\.ts)' },
      to: {
        path: '^(arms/(planning|kernel)|arms/model/(kinematics|capsules|chain)|arms/geometry/(distance|transform|box-separation|clearance)|controller/(coordination|core|scheduling))',
        pathNot: '^controller/coordination/monitor/',
      },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'pure-rooms-import-no-io',
      severity: 'error',
      from: { path: PURE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-rooms-import-few-packages',
      severity: 'error',
      from: { path: PURE },
      to: { path: 'node_modules', pathNot: 'node_modules/(xstate|zod|fast-xml-parser|strnum)/' },
    },
    {
      name: 'runtime-is-not-imported-by-the-core',
      severity: 'error',
      from: { path: PURE },
      to: { path: '^controller/runtime/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'default'],
    },
  },
};
