// A table of promises becomes cards: what is promised, the kinds of its proofs, and, folded, each proof as a
// sentence with the command that runs it. The page of all claims can be filtered. Without this file, and on
// paper, the table is there.
'use strict';

(() => {
    const main = document.querySelector('main');
    if (!main || location.pathname.endsWith('/print.html')) return;

    function make(tag, attributes = {}, ...children) {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        element.append(...children);
        return element;
    }

    const textOf = element => element.textContent.trim();

    // The kinds of proof, in the words of the tables (claims.md explains each), and a shape for some at a time.
    const SHAPES = [
        ['order', 'every order', /^(every|exhaustive)/],
        ['inputs', 'many inputs', /^(many inputs|random)/],
        ['process', 'real process', /^(a real|a browser|Python)/],
        ['timing', 'timing', /^timing/],
        ['break', 'broken on purpose', /^broken/],
        ['case', 'cases, faults', /^/],
    ];
    const shapeOf = words => SHAPES.find(([, , pattern]) => pattern.test(words))[0];

    /** What `tests/spec/lifecycle.rs::detaching_does_not_wait` is as a sentence and as a command. */
    function proof(token) {
        const [file, name] = token.split('::');
        const [root, folder, ...rest] = file.replace(/\.rs$/, '').split('/');
        const isTest = root === 'tests';
        const path = [...rest.filter(part => part !== 'main'), name].join('::');
        const sentence = name.replace(/_/g, ' ').replace(/^./, first => first.toUpperCase());
        const commands = {
            loom: `RUSTFLAGS="--cfg loom" cargo test --lib --no-default-features ${path}`,
            mutants: 'MUTANTS=all cargo test --test mutants',
        };
        return {
            token,
            sentence: isTest ? `${sentence}.` : `The example of ${name}.`,
            command: isTest ? commands[folder] ?? `cargo test --test ${folder} ${path}` : `cargo test --doc ${name}`,
        };
    }

    const chip = ([kind, words]) => make('span', { class: `chip k-${kind}` }, words);

    /** The kinds of how a promise is proved, without what limits them: `every order, with gates` is `every order`. */
    function kindsOf(how, breaks) {
        const words = new Set(how.split(';').map(one => one.split(',')[0].trim()));
        const kinds = [...words].filter(Boolean).map(one => [shapeOf(one), one]);
        if (breaks > 0) kinds.push(['break', breaks > 1 ? `broken on purpose · ${breaks}` : 'broken on purpose']);
        return kinds;
    }

    function card(row, names, used) {
        const cell = name => row.cells[names.indexOf(name)];
        const id = textOf(row.cells[0]);
        const told = cell('test') ?? cell('proofs');
        const proofs = [...told.querySelectorAll('code')].map(code => proof(textOf(code)));
        const breaks = Number(cell('breaks')?.textContent) || 0;
        const schedules = textOf(cell('schedules') ?? row.cells[0]);
        const article = make('article', { class: 'promise' });
        const text = make('p', { class: 'promise-text' });
        if (/^[A-Z]\d+$/.test(id)) {
            const isFirst = !used.has(id) && !document.getElementById(id);
            used.add(id);
            if (isFirst) article.id = id;
            text.append(make('a', { class: 'promise-id', href: `#${id}`, 'aria-label': `Promise ${id}, link to it` }, id), ' ');
        }
        text.append(...[...cell('promise').childNodes].map(node => node.cloneNode(true)));
        const how = textOf(cell('how it is proved'));
        const kinds = kindsOf(how, breaks);
        const chips = kinds.map(kind => make('span', { role: 'listitem' }, chip(kind)));
        if (/^\d+$/.test(schedules)) chips.push(make('span', { class: 'schedules', role: 'listitem' }, `${Number(schedules).toLocaleString('en')} schedules`));
        const list = proofs.map(({ sentence, token, command }) => make('li', {},
            make('p', { class: 'proof-name' }, sentence),
            make('p', { class: 'proof-where' }, token.split('::')[0]),
            make('p', { class: 'cmd' }, make('code', {}, command))));
        // The chips have said the kinds; what limits one of them they have not.
        const limits = how.split(';').map(one => one.trim()).filter(one => one.includes(',')).join('; ');
        const summary = `${proofs.length} proof${proofs.length === 1 ? '' : 's'}${limits && `: ${limits}`}`;
        article.append(text, make('div', { class: 'chips', role: 'list', 'aria-label': 'Kinds of proof' }, ...chips));
        if (proofs.length) article.append(make('details', { class: 'proofs' }, make('summary', {}, summary), make('ul', {}, ...list)));
        article.dataset.kinds = kinds.map(([shape]) => shape).join(' ');
        article.dataset.chapter = cell('promise').querySelector('a[href$=".html"]')?.getAttribute('href') ?? '';
        return article;
    }

    const used = new Set();
    for (const table of main.querySelectorAll('table')) {
        const names = table.tHead ? [...table.tHead.rows[0].cells].map(textOf) : [];
        if (names[0] !== 'id' || names[1] !== 'promise' || names[2] !== 'how it is proved') continue;
        const cards = [...table.tBodies[0].rows].map(row => card(row, names, used));
        const frame = table.closest('.table-wrapper') ?? table;
        const box = make('div', { class: 'promises' }, ...cards);
        frame.classList.add('as-cards');
        frame.before(box);
        if (names.includes('proofs')) filter(box, cards);
    }
    // All claims ------------------------------------------------------------------------------------

    function filter(box, cards) {
        const wanted = new Set();
        const search = make('input', { type: 'search', placeholder: 'Search the promises', 'aria-label': 'Search the promises' });
        const chapters = [...new Set(cards.map(one => one.dataset.chapter))];
        const nameOf = chapter => textOf(document.querySelector(`.chapter li a[href$="${chapter}"]`) ?? make('i', {}, chapter));
        const section = make('select', { 'aria-label': 'Chapter' }, make('option', { value: '' }, 'All chapters'),
            ...chapters.map(one => make('option', { value: one }, nameOf(one))));
        const count = make('span', { class: 'count', role: 'status', 'aria-live': 'polite' });
        const kinds = SHAPES.filter(([kind]) => cards.some(one => has(one, kind)));
        const buttons = kinds.map(([kind, words]) => {
            const button = make('button', { type: 'button', class: `chip k-${kind}`, 'aria-pressed': 'false' }, words);
            button.addEventListener('click', () => {
                if (!wanted.delete(kind)) wanted.add(kind);
                show();
            });
            return [kind, button];
        });
        const bar = make('div', { class: 'claim-filter', role: 'search' }, search, section,
            make('div', { class: 'kinds', role: 'group', 'aria-label': 'Kinds of proof' }, ...buttons.map(([, button]) => button), count));

        function has(one, kind) {
            return one.dataset.kinds.split(' ').includes(kind);
        }

        function show() {
            const sought = search.value.trim().toLowerCase();
            for (const one of cards) {
                one.hidden = !([...wanted].every(kind => has(one, kind))
                    && (!section.value || one.dataset.chapter === section.value)
                    && (!sought || one.textContent.toLowerCase().includes(sought)));
            }
            for (const [kind, button] of buttons) button.setAttribute('aria-pressed', String(wanted.has(kind)));
            count.textContent = `${cards.filter(one => !one.hidden).length} of ${cards.length}`;
        }

        search.addEventListener('input', show);
        section.addEventListener('change', show);
        box.before(bar);
        show();
    }
})();
