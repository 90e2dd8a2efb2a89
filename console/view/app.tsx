import { useEffect, useState } from 'preact/hooks';
import type { CellCommand, Resolution } from '../../protocols/http/interface/status.ts';
import { post } from '../api/client.ts';
import { COMMAND_WORDS, RESOLUTION_WORDS, STATE_WORDS } from '../words.ts';
import { ArmsPanel } from './arms-panel.tsx';
import { AttentionPanel } from './attention-panel.tsx';
import { LinkBanner } from './banner.tsx';
import { CellHeader } from './cell-header.tsx';
import { Icon } from './icon.tsx';
import { Figures, OrdersPanel } from './progress-panel.tsx';
import { SceneView } from './scene-view.tsx';
import { useCell } from './use-cell.ts';
import { useTheme } from './use-theme.ts';

interface Message {
  readonly text: string;
  readonly tone: 'plain' | 'alarm';
}

const MESSAGE_MS = 8_000;

export function App() {
  const cell = useCell();
  const { status, link, build } = cell;
  const live = link.kind === 'live';
  const { theme, choice, choose } = useTheme();
  const [selected, setSelected] = useState<string | null>(null);
  const [command, setCommand] = useState<CellCommand | null>(null);
  const [resolving, setResolving] = useState<ReadonlySet<string>>(new Set());
  const [message, setMessage] = useState<Message | null>(null);

  useEffect(() => {
    const mark = live && status !== null ? STATE_WORDS[status.state].title : 'Not connected';
    const waiting =
      live && status !== null && status.exceptionsTotal > 0 ? ` (${status.exceptionsTotal})` : '';
    document.title = `${mark}${waiting} · ${status?.cell ?? 'cell'} · Magpie`;
  }, [live, status]);

  useEffect(() => {
    if (!live) setMessage(null);
  }, [live]);

  useEffect(() => {
    if (message === null) return;
    const timer = setTimeout(() => setMessage(null), MESSAGE_MS);
    return () => clearTimeout(timer);
  }, [message]);

  const send = async (path: string, body: unknown, what: string): Promise<void> => {
    const answer = await post(path, body);
    switch (answer.status) {
      case 'ok':
        setMessage({ text: `${what}: accepted.`, tone: 'plain' });
        break;
      case 'problem':
        setMessage({ text: `${what} was refused: ${answer.problem.detail}`, tone: 'alarm' });
        break;
      case 'unreachable':
        setMessage({
          text: `${what}: no answer. It may or may not have been done; look at the cell.`,
          tone: 'alarm',
        });
        break;
    }
  };

  const onCommand = async (next: CellCommand): Promise<void> => {
    setCommand(next);
    await send('api/v1/cell/commands', { command: next }, COMMAND_WORDS[next].label);
    setCommand(null);
  };

  const onResolve = async (taskId: string, resolution: Resolution): Promise<void> => {
    setResolving((before) => new Set(before).add(taskId));
    await send(
      `api/v1/tasks/${encodeURIComponent(taskId)}/commands`,
      { action: 'resolve', resolution },
      `${RESOLUTION_WORDS[resolution].label} (${taskId})`,
    );
    setResolving((before) => new Set([...before].filter((id) => id !== taskId)));
  };

  return (
    <div class="page">
      <a class="skip" href="#side">
        Skip to what needs a person
      </a>
      <LinkBanner link={link} lastHeard={cell.lastHeard} onToken={cell.reconnect} />
      <CellHeader status={status} link={link} pending={command} onCommand={(next) => void onCommand(next)} />
      <main class={live ? 'main' : 'main main-old'}>
        <div class="middle">
          {build === null ? (
            <section class="scene scene-empty" aria-label="The cell in three dimensions">
              <p>Waiting for the cell …</p>
            </section>
          ) : (
            <SceneView
              layout={build.layout}
              urdfs={build.urdfs}
              status={status}
              feed={cell.feed}
              live={live}
              lastHeard={cell.lastHeard}
              theme={theme}
              selected={selected}
              onSelect={setSelected}
            />
          )}
          {status !== null && <Figures status={status} rates={cell.rates} />}
        </div>
        <div class="side" id="side" tabIndex={-1}>
          {status !== null && (
            <>
              <AttentionPanel
                status={status}
                enabled={live}
                pending={resolving}
                onResolve={(taskId, resolution) => void onResolve(taskId, resolution)}
              />
              <ArmsPanel arms={status.arms} selected={selected} onSelect={setSelected} />
              <OrdersPanel status={status} orders={cell.orders} />
            </>
          )}
        </div>
      </main>
      <footer class="footer">
        <p>
          <strong>This page is no safety device.</strong> Hold, Stop and Abort are requests to the controller;
          the emergency stop and the guards of the cell work without it.
        </p>
        <div class="footer-end">
          <span class="link-state">
            <Icon name={live ? 'link' : 'link-lost'} size={18} />
            {live ? 'Live' : 'Not live'}
          </span>
          <label class="theme">
            Appearance{' '}
            <select value={choice} onChange={(event) => choose(event.currentTarget.value)}>
              <option value="auto">as the system</option>
              <option value="light">light</option>
              <option value="dark">dark</option>
            </select>
          </label>
        </div>
      </footer>
      <div class="messages" role="status" aria-live="polite">
        {message !== null && (
          <p class={`message message-${message.tone}`}>
            {message.tone === 'alarm' && <Icon name="alarm" size={20} />}
            {message.text}
          </p>
        )}
      </div>
    </div>
  );
}
