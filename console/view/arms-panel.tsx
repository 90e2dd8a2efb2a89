import type { ArmView } from '../../protocols/http/interface/status.ts';
import { MODE_WORDS, duration, sentence } from '../words.ts';
import { Icon } from './icon.tsx';
import type { IconName } from './icon.tsx';

const MODE_ICONS: Readonly<Record<ArmView['mode'], IconName>> = {
  offline: 'link-lost',
  idle: 'idle',
  planning: 'plan',
  waiting: 'wait',
  moving: 'work',
  gripping: 'grip',
  held: 'pause',
  faulted: 'fault',
};

const SHARES = [
  ['working', 'worked'],
  ['waiting', 'waited for space'],
  ['starved', 'had no work'],
  ['excepted', 'blocked by an exception'],
  ['held', 'held'],
  ['faulted', 'faulted'],
] as const;

/** Each arm in words: what it does, and where its time went. */
export function ArmsPanel({
  arms,
  selected,
  onSelect,
}: {
  readonly arms: readonly ArmView[];
  readonly selected: string | null;
  readonly onSelect: (armId: string | null) => void;
}) {
  return (
    <section class="panel" aria-labelledby="arms-title">
      <h2 id="arms-title">Arms</h2>
      <ul class="arms">
        {arms.map((arm) => (
          <Arm key={arm.id} arm={arm} open={arm.id === selected} onSelect={onSelect} />
        ))}
      </ul>
    </section>
  );
}

/** For whom it waited, longest first. */
function holders({ waitingForS }: ArmView): string {
  return Object.entries(waitingForS)
    .sort(([, a], [, b]) => b - a)
    .map(([holder, seconds]) => `${holder} ${duration(seconds)}`)
    .join(', ');
}

function Arm({
  arm,
  open,
  onSelect,
}: {
  readonly arm: ArmView;
  readonly open: boolean;
  readonly onSelect: (armId: string | null) => void;
}) {
  const abnormal = arm.mode === 'faulted' || arm.mode === 'offline';
  const total = SHARES.reduce((sum, [cause]) => sum + arm.spentS[cause], 0);
  const percent = (seconds: number): number => (total > 0 ? (100 * seconds) / total : 0);
  return (
    <li class={`arm${abnormal ? ' arm-abnormal' : ''}`} data-arm={arm.id} data-mode={arm.mode}>
      <button
        type="button"
        class="arm-head"
        aria-expanded={open}
        aria-label={`Arm ${arm.id}: ${MODE_WORDS[arm.mode]}. ${sentence(arm.doing)}`}
        onClick={() => onSelect(open ? null : arm.id)}
      >
        <span class="arm-id">{arm.id}</span>
        <span class="arm-mode">
          <Icon name={MODE_ICONS[arm.mode]} size={18} />
          {MODE_WORDS[arm.mode]}
        </span>
        <span class="arm-units">
          {arm.unitsDone} <small>units</small>
        </span>
        <span class="arm-doing" title={sentence(arm.doing)}>
          {sentence(arm.doing)}
        </span>
      </button>
      <div class="shares" aria-hidden="true">
        {SHARES.map(([cause]) => {
          const share = percent(arm.spentS[cause]);
          return share < 0.5 ? null : (
            <span key={cause} class={`share share-${cause}`} style={{ width: `${share}%` }} />
          );
        })}
      </div>
      {open && (
        <dl class="arm-detail">
          {SHARES.map(([cause, words]) => (
            <div key={cause}>
              <dt>
                <span class={`key share-${cause}`} />
                {words}
              </dt>
              <dd>
                {percent(arm.spentS[cause]).toFixed(0)} % <small>({duration(arm.spentS[cause])})</small>
                {cause === 'waiting' && <small> {holders(arm)}</small>}
              </dd>
            </div>
          ))}
          <div>
            <dt>task</dt>
            <dd>{arm.taskId ?? 'none'}</dd>
          </div>
          <div>
            <dt>space it holds</dt>
            <dd>{arm.zones.length === 0 ? 'none' : arm.zones.join(', ')}</dd>
          </div>
          <div>
            <dt>in the tool</dt>
            <dd>{arm.holding === null ? 'not known' : arm.holding ? 'a unit' : 'nothing'}</dd>
          </div>
        </dl>
      )}
    </li>
  );
}
