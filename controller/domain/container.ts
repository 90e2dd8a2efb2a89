/** A tote or bin box that holds units. */
export interface Container {
  readonly id: string;
  readonly kind: 'storage' | 'order' | 'induct';
  /** Units by grid cell, bottom first; every entry is a SKU. */
  readonly stacks: string[][];
  /** The place it stands in; null: behind the shuttle (storage), gone (order tote that left). */
  placeId: string | null;
  /** Order totes: whose units it takes. */
  orderId: string | null;
  /** Has left the cell for good. */
  gone: boolean;
}

export function unitsIn(container: Container): number {
  let units = 0;
  for (const stack of container.stacks) units += stack.length;
  return units;
}

export function unitsOf(container: Container, sku: string): number {
  let units = 0;
  for (const stack of container.stacks) for (const unit of stack) if (unit === sku) units += 1;
  return units;
}
