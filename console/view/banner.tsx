import { useState } from 'preact/hooks';
import { token } from '../api/client.ts';
import type { Link } from '../api/live-link.ts';
import { Icon } from './icon.tsx';

/** What stands above everything else: that the picture is old, or that a token is wanted. */
export function LinkBanner({
  link,
  lastHeard,
  onToken,
}: {
  readonly link: Link;
  readonly lastHeard: Date | null;
  readonly onToken: () => void;
}) {
  switch (link.kind) {
    case 'live':
      return null;
    case 'connecting':
      return (
        <div class="banner banner-notice" role="status">
          <Icon name="busy" size={26} />
          <p>Connecting to the service …</p>
        </div>
      );
    case 'lost':
      return (
        <div class="banner banner-alarm" role="alert">
          <Icon name="link-lost" size={30} />
          <div>
            <p class="banner-title">Connection lost. What you see is not live.</p>
            <p>
              {link.detail} {lastHeard === null ? '' : `Last heard at ${lastHeard.toLocaleTimeString()}. `}
              The arms may be moving. Trying again by itself.
            </p>
          </div>
        </div>
      );
    case 'token-wanted':
      return <TokenForm detail={link.detail} onToken={onToken} />;
  }
}

function TokenForm({ detail, onToken }: { readonly detail: string; readonly onToken: () => void }) {
  const [value, setValue] = useState('');
  return (
    <form
      class="banner banner-notice"
      onSubmit={(event) => {
        event.preventDefault();
        token.set(value.trim());
        onToken();
      }}
    >
      <Icon name="question" size={26} />
      <div class="token-form">
        <label for="token">{detail} Enter the token that the service was started with:</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
        <button type="submit" class="command command-primary" disabled={value.trim() === ''}>
          Connect
        </button>
      </div>
    </form>
  );
}
