import { useEffect, useRef, useState } from 'preact/hooks';
import type { CellLayout } from '../../protocols/http/interface/layout.ts';
import type { CellStatus } from '../../protocols/http/interface/status.ts';
import { CellScene } from '../scene/cell-scene.ts';
import type { ArmFeed } from './arm-feed.ts';

export interface SceneViewProps {
  readonly layout: CellLayout;
  readonly urdfs: ReadonlyMap<string, string>;
  readonly status: CellStatus | null;
  readonly feed: ArmFeed;
  readonly live: boolean;
  readonly lastHeard: Date | null;
  readonly theme: string;
  readonly selected: string | null;
  readonly onSelect: (armId: string | null) => void;
}

declare global {
  // Read by browser tests: where the figures are shown.
  var magpieScene: { inspect(): ReturnType<CellScene['inspect']> } | undefined;
}

/** The cell in 3D, with its few controls. Without WebGL the rest of the page goes on. */
export function SceneView(props: SceneViewProps) {
  const { layout, urdfs, status, feed, live, lastHeard, theme, selected, onSelect } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const scene = useRef<CellScene | null>(null);
  const [failed, setFailed] = useState(false);
  const [zones, setZones] = useState(false);
  const [names, setNames] = useState(false);
  const select = useRef(onSelect);
  select.current = onSelect;

  useEffect(() => {
    if (canvas.current === null || labels.current === null) return;
    let built: CellScene;
    try {
      built = new CellScene(canvas.current, labels.current, layout, urdfs, (armId) => select.current(armId));
    } catch {
      setFailed(true);
      return;
    }
    scene.current = built;
    globalThis.magpieScene = built;
    const leave = feed.listen((event) => built.measured(event));
    return () => {
      leave();
      scene.current = null;
      globalThis.magpieScene = undefined;
      built.dispose();
    };
  }, [layout, urdfs, feed]);

  useEffect(() => {
    if (status !== null) scene.current?.setStatus(status);
  }, [status, layout]);
  useEffect(() => scene.current?.show({ zones, names }), [zones, names, layout]);
  useEffect(() => scene.current?.select(selected), [selected, layout]);
  useEffect(() => scene.current?.repaint(), [theme, layout]);

  return (
    <section class={`scene${live ? '' : ' scene-old'}`} aria-label="The cell in three dimensions">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`The cell with ${layout.arms.length} arms, moving as measured. What each arm does is said in the list of arms. Arrow keys turn the view, plus and minus change its distance, Home shows all.`}
      />
      <div class="labels" ref={labels} />
      {failed && (
        <p class="scene-failed">This browser shows no 3D (WebGL 2). Everything else on the page works.</p>
      )}
      {!live && (
        <p class="scene-stale">
          {lastHeard === null ? 'Not connected' : `Not live · as of ${lastHeard.toLocaleTimeString()}`}
        </p>
      )}
      <div class="scene-tools" role="group" aria-label="View">
        <button type="button" class="tool" onClick={() => scene.current?.look('corner')}>
          Whole cell
        </button>
        <button type="button" class="tool" onClick={() => scene.current?.look('above')}>
          From above
        </button>
        <button type="button" class="tool" aria-pressed={names} onClick={() => setNames(!names)}>
          Places
        </button>
        <button
          type="button"
          class="tool"
          aria-pressed={zones}
          disabled={layout.zones.length === 0}
          onClick={() => setZones(!zones)}
        >
          Zones
        </button>
      </div>
    </section>
  );
}
