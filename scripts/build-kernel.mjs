// Compiles arms/kernel/assembly (AssemblyScript) to WebAssembly and writes it, with the memory layout that both sides
// share, as a TypeScript module: arms/ is pure, so nothing is read from disk when the kernel is made.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('../', import.meta.url));
const source = 'arms/kernel/assembly/';
const target = 'arms/kernel/generated/';

const outputs = new Map();
const { error, stderr } = await asc.main(
  [
    `${source}index.ts`,
    ...['--outFile', 'kernel.wasm', '--runtime', 'stub', '-O3', '--converge', '--noAssert', '--enable', 'simd'],
  ],
  {
    readFile: (name) => {
      try {
        return readFileSync(`${root}${name}`, 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (name, content) => outputs.set(name, content),
    listFiles: () => [],
  },
);
if (error) {
  process.stderr.write(`${stderr.toString()}\n${error.message}\n`);
  process.exit(1);
}

const constants = [
  ...readFileSync(`${root}${source}layout.ts`, 'utf8').matchAll(/^export const (\w+): \w+ = ([-\w.]+);$/gm),
];
const wasm = Buffer.from(outputs.get('kernel.wasm')).toString('base64');
mkdirSync(`${root}${target}`, { recursive: true });
writeFileSync(
  `${root}${target}kernel-module.ts`,
  `// Written by scripts/build-kernel.mjs from ${source}; do not edit.
${constants.map(([, name, value]) => `export const ${name} = ${value};`).join('\n')}

/** The compiled kernel, base64. */
export const KERNEL_WASM =
  '${wasm}';
`,
);
