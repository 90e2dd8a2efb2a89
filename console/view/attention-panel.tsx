import { useState } from 'preact/hooks';
import type { CellStatus, Resolution } from '../../protocols/http/interface/status.ts';
import { EXCEPTION_WORDS, RESOLUTION_WORDS, duration, sentence, unitWords } from '../words.ts';
import { Icon } from './icon.tsx';

type OpenException = CellStatus['exceptions'][number];

/** More than these are counted: a longer list is for the task list, not for a glance. */
const SHOWN_MAX = 20;

/** Alarms and tasks that wait for a person. Empty, it says so and takes one line. */
export function AttentionPanel({
  status,
  enabled,
  pending,
  onResolve,
}: {
  readonly status: CellStatus;
  readonly enabled: boolean;
  readonly pending: ReadonlySet<string>;
  readonly onResolve: (taskId: string, resolution: Resolution) => void;
}) {
  const { alarms, exceptions } = status;
  const waiting = status.exceptionsTotal;
  return (
    <section class="panel attention" aria-labelledby="attention-title">
      <h2 id="attention-title">
        Needs a person
        {waiting > 0 && <span class="badge">{waiting}</span>}
      </h2>
      {alarms.length === 0 && waiting === 0 && <p class="quiet">Nothing waits for you.</p>}
      {alarms.length > 0 && (
        <ul class="alarms" aria-live="polite">
          {alarms.slice(0, SHOWN_MAX).map((alarm) => (
            <li key={`${alarm.code} ${alarm.message}`} class="alarm">
              <Icon name="alarm" size={22} />
              <p>
                {sentence(alarm.message)}{' '}
                <span class="small">
                  {alarm.code} · {duration(status.nowS - alarm.sinceS)}
                </span>
              </p>
            </li>
          ))}
        </ul>
      )}
      <ul class="exceptions">
        {exceptions.slice(0, SHOWN_MAX).map((exception) => (
          <Exception
            key={exception.taskId}
            exception={exception}
            nowS={status.nowS}
            places={status.places}
            enabled={enabled && !pending.has(exception.taskId)}
            onResolve={onResolve}
          />
        ))}
      </ul>
      {waiting > SHOWN_MAX && <p class="small">… and {waiting - SHOWN_MAX} more</p>}
    </section>
  );
}

function Exception({
  exception,
  nowS,
  places,
  enabled,
  onResolve,
}: {
  readonly exception: OpenException;
  readonly nowS: number;
  readonly places: CellStatus['places'];
  readonly enabled: boolean;
  readonly onResolve: (taskId: string, resolution: Resolution) => void;
}) {
  const [asked, setAsked] = useState<Resolution | null>(null);
  const { taskId, kind, detail, sku, sinceS, options } = exception;
  return (
    <li class="exception" data-task={taskId}>
      <div class="exception-head">
        <Icon name="alarm" size={22} />
        <strong>{EXCEPTION_WORDS[kind]}</strong>
        <span class="small">
          {taskId} · {duration(nowS - sinceS)}
        </span>
      </div>
      <p>{sentence(detail)}</p>
      <p class="small">
        {sku}: {route(exception, places)}. It is {unitWords(exception)}.
      </p>
      {asked === null ? (
        <div class="resolutions" role="group" aria-label={`Answers for task ${taskId}`}>
          {options.map((resolution) => {
            const { label, effect, confirm } = RESOLUTION_WORDS[resolution];
            return (
              <button
                type="button"
                key={resolution}
                class="answer"
                title={effect}
                disabled={!enabled}
                data-resolution={resolution}
                onClick={() => (confirm === null ? onResolve(taskId, resolution) : setAsked(resolution))}
              >
                {label}
              </button>
            );
          })}
        </div>
      ) : (
        <div class="resolutions" role="group" aria-label={`Confirm for task ${taskId}`}>
          <p>{RESOLUTION_WORDS[asked].confirm}</p>
          <button
            type="button"
            class="answer answer-final"
            disabled={!enabled}
            onClick={() => {
              setAsked(null);
              onResolve(taskId, asked);
            }}
          >
            Yes, {RESOLUTION_WORDS[asked].label.toLowerCase()}
          </button>
          <button type="button" class="answer" autofocus onClick={() => setAsked(null)}>
            Back
          </button>
        </div>
      )}
    </li>
  );
}

/** From where to where, by place where the container stands in the cell: that is what a person can walk to. */
function route({ from, to, fromBooked }: OpenException, places: CellStatus['places']): string {
  const name = (containerId: string | null): string => {
    if (containerId === null) return 'a place not yet chosen';
    const place = places.find((each) => each.containerId === containerId);
    return place === undefined ? containerId : place.id;
  };
  const booked = fromBooked === null ? '' : ` (${fromBooked} booked there)`;
  return `from ${name(from)}${booked} to ${name(to)}`;
}
