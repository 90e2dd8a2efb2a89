const PATHS = {
  work: 'M7 4.5v15l12-7.5z',
  pause: 'M6 5h4v14H6zM14 5h4v14h-4z',
  stop: 'M6 6h12v12H6z',
  busy: 'M12 3a9 9 0 1 0 9 9h-3a6 6 0 1 1-6-6z',
  alarm: 'M12 2.5 22.5 21h-21zM10.8 9v6h2.4V9zm0 7.4v2.2h2.4v-2.2z',
  done: 'm4 12.5 2.2-2.2 3.6 3.6L17.8 6 20 8.2 9.8 18.3z',
  link: 'M4 15h3v5H4zm6.5-5h3v10h-3zM17 4h3v16h-3z',
  'link-lost': 'M4 15h3v5H4zm6.5-5h3v10h-3zM17 4h3v16h-3zM2 3.4 3.4 2 22 20.6 20.6 22z',
  fault: 'm5 7 2-2 5 5 5-5 2 2-5 5 5 5-2 2-5-5-5 5-2-2 5-5z',
  idle: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zm0 3a5 5 0 1 1 0 10 5 5 0 0 1 0-10z',
  grip: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 5a4 4 0 1 1 0 8 4 4 0 0 1 0-8z',
  wait: 'M6 3h12v4l-4.2 5 4.2 5v4H6v-4l4.2-5L6 7z',
  question:
    'M10.5 17h3v3h-3zM12 3.5c-3 0-5 2-5 4.6h2.8c0-1.3.9-2.1 2.2-2.1s2.2.8 2.2 2c0 1-.6 1.6-1.6 2.4-1.3 1-2.1 2-2.1 4.1h2.8c0-1.4.6-2 1.6-2.8 1.2-1 2.1-2 2.1-3.8 0-2.6-2-4.4-5-4.4z',
  plan: 'M5 10.5h3v3H5zm5.5 0h3v3h-3zm5.5 0h3v3h-3z',
} as const;

export type IconName = keyof typeof PATHS;

/** A shape that says the same as the colour next to it; the words beside it are what is read out. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}
