R"css(
:root{--ink:#1c2330;--soft:#535e70;--page:#fff;--line:#d9dee6;--wall:#2f3a4c;--free:#f3f5f8;--a:#2262c0;--b:#c2490f;--c:#1f7d4c;--d:#7d45b5}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#a6b1c3;--page:#14181f;--line:#2c3442;--wall:#59657a;--free:#1c222c;--a:#6ea5f5;--b:#f08a55;--c:#5cc48d;--d:#b98cf0;color-scheme:dark}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1080px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.2rem;margin:2.2rem 0 .5rem}h3{font-size:1.05rem;margin:1.6rem 0 .5rem}h4{font-size:1rem;margin:0}
p.lead{font-size:1.1rem}.note{color:var(--soft);font-size:.85rem;margin:.3rem 0}
table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.25rem .8rem;border-bottom:1px solid var(--line);text-align:right}td:first-child,th:first-child{text-align:left}td+td{white-space:nowrap}
.wide{overflow-x:auto}.row{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}
figure{margin:0;flex:0 1 340px;min-width:0}figure.chart{flex:0 1 500px;max-width:500px}figcaption{color:var(--soft);font-size:.85rem}figcaption.name{color:var(--ink)}
svg{width:100%;height:auto;background:var(--free)}svg.chart,svg.plot{background:none}.wall{fill:var(--wall);shape-rendering:crispEdges}.heat{fill:var(--a)}
polyline{fill:none}.real{stroke:var(--a);stroke-width:.22;opacity:.75}.bridge{stroke:var(--b);stroke-width:.5}
.won{stroke:var(--c);stroke-width:.22}.lost{stroke:var(--b);stroke-width:.18;opacity:.7}.start{fill:var(--a)}.goal{fill:var(--c)}
.line0,.line4{stroke:var(--a)}.line1,.line5{stroke:var(--b)}.line2,.line6{stroke:var(--c)}.line3,.line7{stroke:var(--d)}
polyline[class^=line],line[class^=line]{stroke-width:1.6}.line1,.line5{stroke-dasharray:7 3}.line2,.line6{stroke-dasharray:2 2.5}.line3,.line7{stroke-dasharray:9 3 2 3}
.line4,.line5,.line6,.line7{opacity:.6}
.band{stroke:none;fill-opacity:.18}.band.line0,.band.line4{fill:var(--a)}.band.line1,.band.line5{fill:var(--b)}.band.line2,.band.line6{fill:var(--c)}.band.line3,.band.line7{fill:var(--d)}
.dot{stroke:none}.dot.line0,.dot.line4,.part.line0{fill:var(--a)}.dot.line1,.dot.line5,.part.line1{fill:var(--b)}.dot.line2,.dot.line6,.part.line2{fill:var(--c)}.dot.line3,.dot.line7,.part.line3{fill:var(--d)}
.part{stroke:none}line.wide{stroke-width:8;stroke-dasharray:none}.threshold{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:4 3}
text{fill:var(--soft);font:11px system-ui,sans-serif}.grid{stroke:var(--line)}
.keys{font-size:.85rem;color:var(--ink)}.key{display:inline-block;margin-right:1rem}.key svg,.keyline{width:22px;height:8px;background:none;vertical-align:middle;margin-right:.3rem}
pre{overflow:auto;background:var(--free);padding:.8rem;font-size:12px}.warn{color:var(--b);font-weight:600;margin:.3rem 0}
.panel{border:1px solid var(--line);border-radius:6px;padding:.8rem 1rem;margin:1rem 0}.panel p{margin:.3rem 0 .6rem}.panel figure{flex:1 1 340px;max-width:520px}
.panel figure.large{max-width:640px}.panel figure.plot{flex:1 1 260px;max-width:340px}svg.world{cursor:crosshair}
.controls{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem;align-items:center;margin:.5rem 0}.control{display:inline-flex;gap:.4rem;align-items:center;max-width:100%}
.control select{max-width:26rem;min-width:0}.control output{min-width:5rem;font-variant-numeric:tabular-nums}.control[hidden]{display:none}
button,select{font:inherit;color:var(--ink);background:var(--free);border:1px solid var(--soft);border-radius:4px;padding:.15rem .6rem}
:focus-visible{outline:3px solid var(--d);outline-offset:2px}.status{min-height:1.5em;font-variant-numeric:tabular-nums}
.scale{display:inline-block;width:8rem;height:.7rem;vertical-align:middle}
.path{cursor:pointer;opacity:.35}.path.chosen,.path.hovered{opacity:1}.panel svg.world .path.hovered polyline:not(.touch){stroke-width:4}.touch{stroke:transparent;stroke-width:10;vector-effect:non-scaling-stroke;pointer-events:stroke}
.way0{stroke:var(--b)}.way1{stroke:var(--c);stroke-dasharray:6 3}.way2{stroke:var(--d);stroke-dasharray:8 3 2 3}
.way0,.way1,.way2{stroke-width:2;vector-effect:non-scaling-stroke}svg.world circle.start,svg.world circle.goal,.agent{stroke:var(--free);stroke-width:1.5;vector-effect:non-scaling-stroke}
.trail{stroke:var(--d);stroke-width:.5}.agent{fill:var(--d)}.now{stroke:var(--soft)}.none{stroke:none}circle.none,rect.none{fill:none}
svg.plot .real,.panel svg.world .real{vector-effect:non-scaling-stroke;stroke-width:1.3}
.panel svg.world .bridge,.panel svg.world .trail{vector-effect:non-scaling-stroke;stroke-width:3}.panel svg.world .won,.panel svg.world .lost{vector-effect:non-scaling-stroke;stroke-width:1.6}
.keyline .real{stroke-width:1.3}.keyline .bridge{stroke-width:3}
@media(max-width:700px){table{display:block;overflow-x:auto}}
@media screen{.replaced{display:none}}
@media print{.play{display:none}body{max-width:none;margin:0}figure,table{break-inside:avoid}}
)css"
