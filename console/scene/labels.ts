import { Vector3 } from 'three';
import type { Camera } from 'three';

export interface Label {
  readonly text: string;
  readonly kind: 'arm' | 'arm-alarm' | 'place' | 'zone';
  readonly at: Vector3;
  readonly visible: boolean;
}

interface Entry {
  label: Label;
  readonly element: HTMLElement;
  /** Half the size of the element, px; measured once per text. */
  half: readonly [number, number] | null;
}

/** Which of two labels that would cover each other stays. */
const RANK: Readonly<Record<Label['kind'], number>> = { 'arm-alarm': 0, arm: 1, zone: 2, place: 3 };

/** Words that stand in the scene, as text of the page above the picture: sharp, and in the reader's own font size. */
export class Labels {
  private readonly entries = new Map<string, Entry>();
  private ordered: Entry[] = [];
  private readonly point = new Vector3();

  constructor(private readonly host: HTMLElement) {}

  set(key: string, label: Label): void {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      const element = document.createElement('span');
      // The picture has a text of its own for those who do not see it.
      element.setAttribute('aria-hidden', 'true');
      element.hidden = true;
      this.host.append(element);
      entry = { label, element, half: null };
      this.entries.set(key, entry);
      this.ordered = [];
    }
    const { element } = entry;
    if (element.textContent !== label.text || entry.label.kind !== label.kind || element.className === '') {
      element.textContent = label.text;
      element.className = `label label-${label.kind}`;
      entry.half = null;
      this.ordered = [];
    }
    entry.label = label;
  }

  /** Puts every label where its point is in the picture; of those that would cover each other one is shown. */
  place(camera: Camera, width: number, height: number): void {
    if (this.ordered.length === 0) {
      this.ordered = [...this.entries.values()].sort((a, b) => RANK[a.label.kind] - RANK[b.label.kind]);
    }
    const taken: (readonly [number, number, number, number])[] = [];
    for (const entry of this.ordered) {
      const { label, element } = entry;
      this.point.copy(label.at).project(camera);
      const { x, y, z } = this.point;
      if (!label.visible || z >= 1 || Math.abs(x) > 1 || Math.abs(y) > 1) {
        element.hidden = true;
        continue;
      }
      if (entry.half === null) {
        element.hidden = false;
        entry.half = [element.offsetWidth / 2, element.offsetHeight / 2];
      }
      const [dx, dy] = entry.half;
      const left = ((x + 1) / 2) * width;
      const top = ((1 - y) / 2) * height;
      const covered = taken.some(
        ([cx, cy, hx, hy]) => Math.abs(cx - left) < hx + dx && Math.abs(cy - top) < hy + dy,
      );
      element.hidden = covered && RANK[label.kind] > RANK.arm;
      if (element.hidden) continue;
      taken.push([left, top, dx, dy]);
      element.style.transform = `translate(${(left - dx).toFixed(1)}px, ${(top - dy).toFixed(1)}px)`;
    }
  }

  dispose(): void {
    for (const { element } of this.entries.values()) element.remove();
    this.entries.clear();
    this.ordered = [];
  }
}
