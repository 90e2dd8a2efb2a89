import { INPUT_ROLES, PERMISSION_ROLES } from '../../controller/domain/plc-map.ts';
import type { Fault, PathKey } from '../fault.ts';
import { pathText, valueText } from '../fault.ts';
import { valueAt } from '../issues.ts';
import { faultAt } from '../source.ts';
import type { Source } from '../source.ts';
import { nearestName } from '../suggest.ts';
import { UNITS } from './schema-tags.ts';

/**
 * What one field of a map file says about another. Judged on the file as written, so that these faults come together
 * with those of the schema; fields of the wrong type are left to the schema.
 */
export function mapFaults(source: Source): readonly Fault[] {
  const faults: Fault[] = [];
  const check: Check = (path, problem, remedy) => {
    const value = valueText(valueAt(source.value, path), path);
    faults.push(faultAt(source, path, { path: pathText(path), value, problem, remedy }));
  };
  const file = source.value;
  uniqueIds(file, check);
  for (const { path, reading, role } of readings(file)) {
    checkSource(path, reading, check);
    checkWords(path, reading, check);
    checkNumbers(path, reading, check);
    checkTimes(path, reading, valueAt(file, ['stale_s']), check);
    if (role !== null) checkRole(path, reading, role, check);
  }
  checkSinks(file, check);
  checkHandshakes(file, check);
  checkHeartbeat(file, check);
  checkSeparation(file, check);
  return faults;
}

type Check = (path: readonly PathKey[], problem: string, remedy: string) => void;

function list(file: unknown, key: string): readonly unknown[] {
  const value = valueAt(file, [key]);
  return Array.isArray(value) ? value : [];
}

interface Located {
  readonly path: readonly PathKey[];
  readonly reading: unknown;
  /** Inputs have one; null for what belongs to a handshake, a heartbeat or a zone. */
  readonly role: string | null;
}

const SIGNALS = ['busy', 'done', 'fault', 'sequence', 'fault_code', 'tote'] as const;

function readings(file: unknown): readonly Located[] {
  const found: Located[] = [];
  const add = (path: readonly PathKey[], role: string | null): void => {
    const reading = valueAt(file, path);
    if (typeof reading === 'object' && reading !== null) found.push({ path, reading, role });
  };
  list(file, 'inputs').forEach((input, k) => add(['inputs', k], String(valueAt(input, ['role']))));
  add(['heartbeat', 'from_plc'], null);
  list(file, 'handshakes').forEach((_, k) =>
    SIGNALS.forEach((signal) => add(['handshakes', k, 'from_plc', signal], null)),
  );
  list(file, 'zones').forEach((_, k) => {
    add(['zones', k, 'request'], null);
    add(['zones', k, 'acknowledge'], null);
  });
  return found;
}

function uniqueIds(file: unknown, check: Check): void {
  const seen = new Map<string, string>([
    ['heartbeat', 'the heartbeat'],
    ['separation', 'the separation'],
  ]);
  for (const key of ['inputs', 'outputs', 'handshakes', 'zones']) {
    list(file, key).forEach((entry, k) => {
      const id = valueAt(entry, ['id']);
      if (typeof id !== 'string') return;
      const first = seen.get(id);
      const here = [key, k, 'id'];
      if (first === undefined) seen.set(id, pathText(here));
      else check(here, `is the name of ${first} already`, 'give each thing of a map its own name');
    });
  }
}

function checkSource(path: readonly PathKey[], reading: unknown, check: Check): void {
  const source = valueAt(reading, ['source']);
  const forms = ['pointer', 'text', 'raw'].filter((form) => valueAt(source, [form]) !== undefined);
  if (forms.length > 1) {
    check(
      [...path, 'source'],
      `says ${forms.join(' and ')} of the payload`,
      'give one: pointer (JSON), text: true (plain text), or raw (bytes)',
    );
  }
  const isJson = !forms.includes('text') && !forms.includes('raw');
  for (const key of ['quality', 'sequence']) {
    if (isJson || valueAt(source, [key]) === undefined) continue;
    check(
      [...path, 'source', key],
      'needs a JSON payload, and this one is not JSON',
      'remove it, or let the PLC send JSON and give a pointer',
    );
  }
  const raw = valueAt(source, ['raw']);
  const as = valueAt(raw, ['as']);
  const bit = valueAt(raw, ['bit']);
  if (typeof as === 'string' && typeof bit === 'number') {
    const bits = as.startsWith('float') ? 0 : Number(/\d+/.exec(as)?.[0] ?? 32);
    if (bit >= bits) {
      const problem =
        bits === 0 ? `is a bit of ${as}, which has none` : `is beyond the ${bits} bits of ${as}`;
      check([...path, 'source', 'raw', 'bit'], problem, 'bits count from 0, the lowest');
    }
  }
}

const typeOf = (reading: unknown): unknown => valueAt(reading, ['type']) ?? 'boolean';

function checkWords(path: readonly PathKey[], reading: unknown, check: Check): void {
  const on = valueAt(reading, ['on']);
  const off = valueAt(reading, ['off']);
  const isBoolean = typeOf(reading) === 'boolean';
  for (const [key, words] of [
    ['on', on],
    ['off', off],
  ] as const) {
    if (words !== undefined && !isBoolean) {
      check([...path, key], 'needs type: boolean', `remove ${key}, or write type: boolean`);
    }
  }
  if ((on === undefined) !== (off === undefined)) {
    const [given, missing] = on === undefined ? ['off', 'on'] : ['on', 'off'];
    check(
      [...path, given],
      `has no ${missing}`,
      `name the payload values for ${missing}, too: all others are bad`,
    );
  }
  if (Array.isArray(on) && Array.isArray(off)) {
    on.forEach((word: unknown, k) => {
      if (off.includes(word)) check([...path, 'on', k], 'stands in off, too', 'give a value one meaning');
    });
  }
  if (valueAt(reading, ['invert']) === true && !isBoolean) {
    check([...path, 'invert'], 'turns round a boolean only', 'remove it, or write type: boolean');
  }
}

function checkNumbers(path: readonly PathKey[], reading: unknown, check: Check): void {
  const type = typeOf(reading);
  const isNumber = type === 'integer' || type === 'number';
  for (const key of ['unit', 'scale', 'offset', 'min', 'max']) {
    if (valueAt(reading, [key]) === undefined || isNumber) continue;
    check([...path, key], `is for numbers, the type is ${String(type)}`, 'write type: number, or remove it');
  }
  if (valueAt(reading, ['scale']) === 0) {
    check([...path, 'scale'], 'makes every value the same', 'write the factor from the payload to the cell');
  }
  const [min, max] = [valueAt(reading, ['min']), valueAt(reading, ['max'])];
  if (typeof min === 'number' && typeof max === 'number' && min >= max) {
    check([...path, 'min'], `is not below max = ${max}`, 'write min below max');
  }
  const safe = valueAt(reading, ['safe']);
  const wanted = type === 'boolean' ? 'boolean' : type === 'text' ? 'string' : 'number';
  if (safe !== undefined && typeof safe !== wanted) {
    check([...path, 'safe'], `is no ${String(type)}`, `write what counts as a ${String(type)}`);
  }
}

function checkTimes(path: readonly PathKey[], reading: unknown, defaultS: unknown, check: Check): void {
  const staleS = valueAt(reading, ['stale_s']) ?? defaultS ?? 2;
  for (const key of ['on_s', 'off_s']) {
    const debounceS = valueAt(reading, ['debounce', key]);
    if (typeof debounceS !== 'number' || typeof staleS !== 'number' || staleS <= 0 || debounceS < staleS)
      continue;
    check(
      [...path, 'debounce', key],
      `is not below the ${staleS} s after which the value is stale`,
      'debounce over milliseconds, or allow more silence (stale_s)',
    );
  }
}

const BOOLEAN_ROLES = [
  ...PERMISSION_ROLES,
  'conveyor-running',
  'tote-present',
  'lane-full',
] as readonly string[];

function checkRole(path: readonly PathKey[], reading: unknown, role: string, check: Check): void {
  if (!(INPUT_ROLES as readonly string[]).includes(role)) return;
  const type = typeOf(reading);
  const isPermission = (PERMISSION_ROLES as readonly string[]).includes(role);
  if (BOOLEAN_ROLES.includes(role) && type !== 'boolean') {
    check(
      [...path, 'type'],
      `does not fit ${role}, which is true or false`,
      'write type: boolean, with on and off',
    );
  }
  if (role === 'tote-id' && type !== 'text' && type !== 'integer') {
    check([...path, 'type'], 'does not fit tote-id', 'write type: text or type: integer');
  }
  if (role === 'person-distance') {
    const unit = valueAt(reading, ['unit']);
    if (type !== 'number' && type !== 'integer') {
      check([...path, 'type'], 'does not fit person-distance', 'write type: number and its unit');
    } else if (unit === undefined) {
      check([...path, 'role'], 'needs a unit', 'write unit: m, or unit: mm');
    } else if (
      typeof unit === 'string' &&
      Object.hasOwn(UNITS, unit) &&
      UNITS[unit as keyof typeof UNITS].of !== 'length'
    ) {
      check([...path, 'unit'], 'is no length', 'write m, cm or mm');
    }
  }
  if (!isPermission && valueAt(reading, ['on_loss']) !== undefined) {
    check(
      [...path, 'on_loss'],
      `is for permissions, and ${role} is none`,
      `remove it, or use one of ${PERMISSION_ROLES.join(', ')}`,
    );
  }
  if (!isPermission) return;
  if (valueAt(reading, ['safe']) === true) {
    check(
      [...path, 'safe'],
      'would let arms move when nothing is known',
      'remove it: unknown is no permission',
    );
  }
  const onLoss = valueAt(reading, ['on_loss']);
  if (role === 'estop-chain-closed' && (onLoss === 'hold' || onLoss === 'suspend')) {
    check([...path, 'on_loss'], 'is too weak for an emergency-stop chain', 'write abort, or stop');
  }
  if (role !== 'permission' && onLoss === 'suspend') {
    check([...path, 'on_loss'], 'lets arms finish what they do', 'write hold, stop or abort');
  }
  const offS = valueAt(reading, ['debounce', 'off_s']);
  if (typeof offS === 'number' && offS > 0.1) {
    check(
      [...path, 'debounce', 'off_s'],
      'delays the stop of the arms',
      'write at most 0.1; debounce on_s instead',
    );
  }
  if (valueAt(reading, ['place']) !== undefined) {
    check([...path, 'place'], 'is for totes and lanes; a permission is of the whole cell', 'remove it');
  }
}

interface Sink {
  readonly path: readonly PathKey[];
  readonly sink: unknown;
}

function sinks(file: unknown): readonly Sink[] {
  const found: Sink[] = [];
  const add = (path: readonly PathKey[]): void => {
    const sink = valueAt(file, path);
    if (typeof sink === 'object' && sink !== null) found.push({ path, sink });
  };
  list(file, 'outputs').forEach((_, k) => add(['outputs', k, 'sink']));
  list(file, 'handshakes').forEach((_, k) =>
    ['request', 'sequence', 'action', 'place', 'tote'].forEach((key) =>
      add(['handshakes', k, 'to_plc', key]),
    ),
  );
  list(file, 'zones').forEach((_, k) => add(['zones', k, 'granted']));
  add(['heartbeat', 'to_plc', 'sink']);
  return found;
}

/** Who writes what: no value over another, and nothing where the PLC speaks itself. */
function checkSinks(file: unknown, check: Check): void {
  const heard = new Set(readings(file).map(({ reading }) => valueAt(reading, ['source', 'topic'])));
  const written = new Map<string, string>();
  for (const { path, sink } of sinks(file)) {
    const topic = valueAt(sink, ['topic']);
    if (typeof topic !== 'string') continue;
    const pointer = valueAt(sink, ['pointer']) ?? '';
    const isText = valueAt(sink, ['text']) === true;
    if (isText && valueAt(sink, ['pointer']) !== undefined) {
      check([...path, 'pointer'], 'needs JSON, and the payload is text', 'give pointer or text, not both');
    }
    if (heard.has(topic)) {
      check(
        [...path, 'topic'],
        'is a topic on which the PLC is heard, too',
        'write to topics of their own: each side would take its own words for those of the other',
      );
    }
    for (const [key, place] of written) {
      const [other, otherPointer] = key.split('\0') as [string, string];
      const meets =
        otherPointer === pointer || pointer === '' || otherPointer === '' || isText ||
        `${String(pointer)}/`.startsWith(`${otherPointer}/`) || `${otherPointer}/`.startsWith(`${String(pointer)}/`); // prettier-ignore
      if (other === topic && meets) {
        check(
          [...path, 'topic'],
          `would overwrite ${place}`,
          'give each value a topic or a pointer of its own',
        );
        break;
      }
    }
    written.set(`${topic}\0${isText ? '' : String(pointer)}`, pathText(path));
  }
}

function checkHandshakes(file: unknown, check: Check): void {
  list(file, 'handshakes').forEach((handshake, k) => {
    const path = ['handshakes', k];
    const profile = valueAt(handshake, ['profile']);
    const request = valueAt(handshake, ['to_plc', 'request']);
    if (profile === 'level' && request === undefined) {
      check(
        [...path, 'to_plc'],
        'has no request',
        'profile level needs the signal that stands until it is answered',
      );
    }
    if (profile === 'edge' && request !== undefined) {
      check(
        [...path, 'to_plc', 'request'],
        'is not used by profile edge',
        'remove it: a new sequence is the request',
      );
    }
    for (const signal of ['busy', 'done', 'fault']) {
      if (typeOf(valueAt(handshake, ['from_plc', signal])) === 'boolean') continue;
      check(
        [...path, 'from_plc', signal, 'type'],
        'has to be boolean',
        'write type: boolean, with on and off',
      );
    }
    const places = valueAt(handshake, ['places']);
    if (typeof places !== 'object' || places === null) return;
    if (Object.keys(places).length === 0) {
      check([...path, 'places'], 'is empty', 'name the places: station-1: 1');
    }
    const numbers = new Map<unknown, string>();
    for (const [place, number] of Object.entries(places)) {
      const first = numbers.get(number);
      if (first === undefined) numbers.set(number, place);
      else check([...path, 'places', place], `is the number of ${first}, too`, 'number the places apart');
    }
  });
  const owners = new Map<string, number>();
  list(file, 'handshakes').forEach((handshake, k) => {
    const places = valueAt(handshake, ['places']);
    for (const place of Object.keys(typeof places === 'object' && places !== null ? places : {})) {
      const owner = owners.get(place);
      if (owner === undefined) owners.set(place, k);
      else {
        check(
          ['handshakes', k, 'places', place],
          `is served by handshakes[${owner}] already`,
          'let one handshake serve a place',
        );
      }
    }
  });
}

function checkHeartbeat(file: unknown, check: Check): void {
  const reading = valueAt(file, ['heartbeat', 'from_plc']);
  if (reading === undefined) return;
  const type = typeOf(reading);
  if (type === 'text') {
    check(
      ['heartbeat', 'from_plc', 'type'],
      'does not count',
      'write type: integer (a counter) or boolean (a toggle)',
    );
  }
  if (valueAt(file, ['heartbeat', 'step_max']) !== undefined && type !== 'integer') {
    check(['heartbeat', 'step_max'], 'needs a counter', 'write type: integer in from_plc, or remove it');
  }
}

function checkSeparation(file: unknown, check: Check): void {
  const wanted = valueAt(file, ['separation', 'distance']);
  if (typeof wanted !== 'string') return;
  const inputs = list(file, 'inputs');
  const found = inputs.find((input) => valueAt(input, ['id']) === wanted);
  const distances = inputs
    .filter((input) => valueAt(input, ['role']) === 'person-distance')
    .map((input) => String(valueAt(input, ['id'])));
  if (found !== undefined && valueAt(found, ['role']) === 'person-distance') return;
  const near = nearestName(wanted, distances);
  check(
    ['separation', 'distance'],
    found === undefined ? 'is no input of this map' : 'is an input of another role',
    near === null ? 'add an input of role person-distance, and name it here' : `did you mean ${near}?`,
  );
}
