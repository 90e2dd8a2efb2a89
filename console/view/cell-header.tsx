import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CellCommand, CellStatus } from '../../protocols/http/interface/status.ts';
import { COMMAND_WORDS, STATE_WORDS, sentence } from '../words.ts';
import type { Link } from '../api/live-link.ts';
import { Icon } from './icon.tsx';

/** What leads on from a state; at most one of these is allowed at a time, but for `hold` in SUSPENDED. */
const LEADING: readonly CellCommand[] = ['unhold', 'unsuspend', 'start', 'reset', 'clear', 'hold'];
const MORE: readonly CellCommand[] = ['suspend', 'complete', 'abort'];

export interface CellHeaderProps {
  readonly status: CellStatus | null;
  readonly link: Link;
  readonly pending: CellCommand | null;
  readonly onCommand: (command: CellCommand) => void;
}

/** The state of the cell, legible from across the aisle, and the commands that it allows. */
export function CellHeader({ status, link, pending, onCommand }: CellHeaderProps) {
  const live = link.kind === 'live' && status !== null;
  const state = status === null ? null : STATE_WORDS[status.state];
  const allowed = live ? status.commands : [];
  const leading = LEADING.filter((command) => allowed.includes(command));
  const first = leading[0] ?? 'hold';
  const button = (command: CellCommand, kind: 'primary' | 'plain') => (
    <button
      type="button"
      key={command}
      class={`command command-${kind}`}
      disabled={!allowed.includes(command) || pending !== null}
      title={COMMAND_WORDS[command].effect}
      data-command={command}
      onClick={() => onCommand(command)}
    >
      {COMMAND_WORDS[command].label}
    </button>
  );
  return (
    <header class="cell-header">
      <div
        class={`state tone-${live && state !== null ? state.tone : 'unknown'}`}
        data-state={live ? status.state : 'unknown'}
      >
        <span class="state-icon">
          <Icon name={live && state !== null ? state.icon : 'question'} size={44} />
        </span>
        <div class="state-words">
          <p class="cell-name">{status === null ? 'Magpie' : `Cell ${status.cell}`}</p>
          <h1 aria-live="polite">{live && state !== null ? state.title : 'State unknown'}</h1>
        </div>
        <div class="state-reason">
          {live && state !== null ? (
            <>
              <p class="state-meaning">{state.meaning}</p>
              <p class="state-because">{sentence(status.because)}</p>
            </>
          ) : (
            <p class="state-meaning">Nothing is known of the cell while the connection is lost.</p>
          )}
        </div>
      </div>
      <div class="commands" role="group" aria-label="Commands to the cell">
        {button(first, 'primary')}
        {leading.slice(1).map((command) => button(command, 'plain'))}
        {button('stop', 'plain')}
        <MoreCommands>
          {MORE.map((command) => (
            <div class="more-entry" key={command}>
              {button(command, 'plain')}
              <span>{COMMAND_WORDS[command].effect}</span>
            </div>
          ))}
        </MoreCommands>
      </div>
    </header>
  );
}

/** Commands that are seldom wanted, behind one more press. Any press elsewhere, and Escape, closes them. */
function MoreCommands({ children }: { readonly children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    const onPointer = (event: PointerEvent): void => {
      if (event.target instanceof Node && box.current?.contains(event.target) !== true) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      opener.current?.focus();
    };
    addEventListener('pointerdown', onPointer);
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('pointerdown', onPointer);
      removeEventListener('keydown', onKey);
    };
  }, [open]);

  return (
    <div class="more" ref={box}>
      <button
        type="button"
        ref={opener}
        class="command command-plain"
        aria-expanded={open}
        data-more
        onClick={() => setOpen(!open)}
      >
        More
      </button>
      {open && (
        <div
          class="more-list"
          onClick={(event) => event.target instanceof HTMLButtonElement && setOpen(false)}
        >
          {children}
        </div>
      )}
    </div>
  );
}
