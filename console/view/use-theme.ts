import { useEffect, useState } from 'preact/hooks';

const KEY = 'magpie-theme';
const CHOICES = ['auto', 'light', 'dark'] as const;
type ThemeChoice = (typeof CHOICES)[number];

export interface Theme {
  readonly theme: 'light' | 'dark';
  readonly choice: ThemeChoice;
  readonly choose: (choice: string) => void;
}

/** Light or dark: as the system has it, unless the reader has chosen. */
export function useTheme(): Theme {
  const [choice, setChoice] = useState<ThemeChoice>(() => asChoice(localStorage.getItem(KEY)));
  const [system, setSystem] = useState<'light' | 'dark'>(() =>
    matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
  );

  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const read = (): void => setSystem(query.matches ? 'dark' : 'light');
    query.addEventListener('change', read);
    return () => query.removeEventListener('change', read);
  }, []);

  const theme = choice === 'auto' ? system : choice;
  // Before the children's effects read the colours of the new theme.
  document.documentElement.dataset['theme'] = theme;

  return {
    theme,
    choice,
    choose: (next) => {
      const valid = asChoice(next);
      localStorage.setItem(KEY, valid);
      setChoice(valid);
    },
  };
}

function asChoice(text: string | null): ThemeChoice {
  return CHOICES.find((choice) => choice === text) ?? 'auto';
}
