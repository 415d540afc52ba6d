// What a chapter's programs and predictions get from a script: buttons that copy a command, marks in the
// margin, the meaning of a word. Without this file the page is complete, and only quieter.
'use strict';

(() => {
    const main = document.querySelector('main');
    if (!main) return;
    if (location.pathname.endsWith('/print.html')) {
        // The page that is made to be printed holds all chapters, with nothing folded away but answers.
        for (const fold of main.querySelectorAll('.layer, .reveal, .need')) fold.open = true;
        return;
    }

    function make(tag, attributes = {}, ...children) {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        element.append(...children);
        return element;
    }

    // Commands --------------------------------------------------------------------------------------

    const live = make('p', { class: 'vh', role: 'status', 'aria-live': 'polite' });
    main.append(live);

    async function copy(words) {
        try {
            await navigator.clipboard.writeText(words);
        } catch {
            // A page that was opened from a file may not use the clipboard; a selection it may copy.
            const box = make('textarea', { class: 'vh' });
            box.value = words;
            document.body.append(box);
            box.select();
            document.execCommand('copy');
            box.remove();
        }
    }

    for (const code of main.querySelectorAll('.cmd > code')) {
        const words = code.textContent.trim();
        const button = make('button', { type: 'button', 'aria-label': `Copy the command ${words}` }, 'Copy');
        button.addEventListener('click', async () => {
            await copy(words);
            button.textContent = 'Copied';
            live.textContent = `Copied: ${words}`;
            setTimeout(() => { button.textContent = 'Copy'; }, 1500);
        });
        code.after(button);
    }

    // Marks -----------------------------------------------------------------------------------------

    const DIGITS = '①②③④⑤⑥⑦⑧⑨';

    /** The number is drawn by CSS: what is copied from a listing has none. */
    function mark(digit) {
        const n = String(DIGITS.indexOf(digit) + 1);
        return make('span', { class: 'mark-n', 'data-n': n, role: 'img', 'aria-label': `mark ${n}` });
    }

    for (const code of main.querySelectorAll('.listing pre > code')) {
        const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
        const texts = [];
        while (walker.nextNode()) texts.push(walker.currentNode);
        for (const text of texts) {
            const parts = text.data.split(/( *(?:#|\/\/) [①-⑨](?: [^\n]*)?)/);
            if (parts.length === 1) continue;
            code.classList.add('marked');
            text.replaceWith(...parts.flatMap((part, index) => {
                const told = index % 2 && /^( *)(#|\/\/) (.)(?: (.*))?$/.exec(part);
                if (!told) return [part];
                return [mark(told[3]), ...(told[4] ? [`${told[1]}${told[2]} ${told[4]}`] : [])];
            }));
        }
    }
    for (const strong of main.querySelectorAll('li > strong:first-child')) {
        const first = strong.firstChild;
        if (first?.nodeType !== Node.TEXT_NODE || !DIGITS.includes(first.data[0])) continue;
        strong.prepend(mark(first.data[0]));
        first.data = ` ${first.data.slice(1).trimStart()}`;
    }

    // Code that goes on beyond its right edge -------------------------------------------------------

    for (const code of main.querySelectorAll('pre > code')) {
        const tell = () => code.classList.toggle('goes-on', code.scrollLeft + code.clientWidth < code.scrollWidth - 1);
        code.addEventListener('scroll', tell, { passive: true });
        new ResizeObserver(tell).observe(code);
    }

    // What rustc says -------------------------------------------------------------------------------

    const WORDS = [[/^error/, 'r-error'], [/^(help|note|warning)/, 'r-help'], [/^[ \d]*\|? *[ |]*\^+/, 'r-error'], [/^ *\| *\++$/, 'r-help']];

    for (const code of main.querySelectorAll('pre > code.language-text')) {
        if (!code.textContent.startsWith('$ rustc')) continue;
        code.classList.add('rustc');
        const lines = code.textContent.trimEnd().split('\n').map(line => {
            const kind = WORDS.find(([pattern]) => pattern.test(line));
            // A message may wrap; a line of code, and what points at it, may not.
            const isMessage = /^(error|help|note|warning|For more|\$)/.test(line);
            return make('span', { class: `${kind ? kind[1] : ''} ${isMessage ? 'message' : ''}`.trim() }, `${line}\n`);
        });
        code.replaceChildren(...lines);
    }

    // Tables on a small page ------------------------------------------------------------------------

    for (const table of main.querySelectorAll('table')) {
        if (!table.tHead) continue;
        const names = [...table.tHead.rows[0].cells].map(cell => cell.textContent.trim());
        // The steps of a schedule with the place of each: many columns, and most of the cells are empty.
        const isRecord = names[0] === 'step' && names.includes('where');
        if (table.closest('.stepper, .game') && !isRecord) continue;
        // Names of tests may break anywhere; short pieces of code are read better in one piece.
        const codes = [...table.querySelectorAll('td code')];
        table.classList.toggle('short', codes.every(code => code.textContent.length < 30));
        if (names.length < 3 || (names[0] === 'step' && !isRecord)) continue;
        table.classList.add('cards');
        for (const row of table.tBodies[0]?.rows ?? []) {
            [...row.cells].forEach((cell, index) => { cell.dataset.name = names[index] ?? ''; });
        }
    }

    // Words of the glossary -------------------------------------------------------------------------

    for (const link of main.querySelectorAll('a[href*="glossary.html#"][title]')) {
        const meaning = make('span', { class: 'meaning', role: 'tooltip' }, link.title);
        // Else the browser shows its own beside ours, and only to a mouse.
        link.removeAttribute('title');
        link.classList.add('word');
        const show = () => {
            link.after(meaning);
            const room = main.getBoundingClientRect();
            const left = Math.min(link.getBoundingClientRect().left, room.right - meaning.offsetWidth);
            meaning.style.left = `${Math.max(left, room.left) - meaning.offsetParent.getBoundingClientRect().left}px`;
        };
        const hide = () => meaning.remove();
        for (const [name, act] of [['pointerenter', show], ['focus', show], ['pointerleave', hide], ['blur', hide]]) {
            link.addEventListener(name, act);
        }
        link.addEventListener('keydown', event => event.key === 'Escape' && hide());
    }

    // What the address names may be folded away -----------------------------------------------------

    function unfold() {
        const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
        if (!target) return;
        for (let fold = target.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
        target.scrollIntoView();
    }

    addEventListener('hashchange', unfold);
    unfold();

    // Paper has no folds ----------------------------------------------------------------------------

    const unfolded = new Set();
    addEventListener('beforeprint', () => {
        for (const fold of main.querySelectorAll(':is(.layer, .reveal, .need):not([open])')) {
            unfolded.add(fold);
            fold.open = true;
        }
    });
    addEventListener('afterprint', () => {
        for (const fold of unfolded) fold.open = false;
        unfolded.clear();
    });
})();
