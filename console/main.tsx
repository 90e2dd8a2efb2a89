import { render } from 'preact';
import './style/tokens.css';
import './style/page.css';
import './style/panels.css';
import { App } from './view/app.tsx';

const page = document.getElementById('page');
if (page === null) throw new Error('index.html has no element #page');
render(<App />, page);
