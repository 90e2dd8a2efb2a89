import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const PURE = ['arms/**/*.ts', 'controller/{core,domain,machines,scheduling,coordination,operations}/**/*.ts'];

export default tseslint.config(
  { ignores: ['dist/**', 'coverage/**', 'node_modules/**', '.magpie/**', 'arms/kernel/{assembly,generated}/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    // Nothing outside its arguments decides what the pure rooms do.
    files: PURE,
    rules: {
      'no-restricted-globals': [
        'error',
        'process',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'queueMicrotask',
        'fetch',
        'performance',
        'crypto',
        'console',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time comes in as a value.' },
        { object: 'Math', property: 'random', message: 'Randomness comes in as a seed.' },
        { object: 'Math', property: 'pow', message: 'Not bit-equal across Node versions.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'BinaryExpression[operator="**"]', message: '** is not bit-equal across Node versions.' },
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'Time comes in as a value.',
        },
      ],
    },
  },
  {
    // Machines hold modes; deadlines are instants checked on a tick, children would be lost on restore.
    files: ['controller/machines/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Property[key.name=/^(invoke|after)$/]',
          message: 'invoke and after are banned in machines.',
        },
        {
          selector: 'Identifier[name=/^(spawn|spawnChild|fromPromise)$/]',
          message: 'spawning is banned in machines.',
        },
      ],
    },
  },
  { files: ['**/*.cjs'], languageOptions: { globals: { module: 'writable', require: 'readonly' } } },
);
