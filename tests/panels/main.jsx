// Draws panels as Grafana does: window.draw(panels, theme) with each panel's options, field config and frames.
import React from 'react';
import { createRoot } from 'react-dom/client';
import {
  applyFieldOverrides, cacheFieldDisplayNames, createTheme, dataLinksOverrideProcessor, displayNameOverrideProcessor,
  FieldConfigOptionsRegistry, FieldType, getDisplayProcessor, identityOverrideProcessor, standardEditorsRegistry,
  standardFieldConfigEditorRegistry, ThemeContext, thresholdsOverrideProcessor, toDataFrame, unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { BigValue, PanelChrome, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

const standard = [
  ['displayName', displayNameOverrideProcessor], ['unit', unitOverrideProcessor], ['min', identityOverrideProcessor],
  ['max', identityOverrideProcessor], ['decimals', identityOverrideProcessor], ['noValue', identityOverrideProcessor],
  ['thresholds', thresholdsOverrideProcessor], ['mappings', valueMappingsOverrideProcessor],
  ['color', identityOverrideProcessor], ['links', dataLinksOverrideProcessor],
].map(([id, process]) => ({
  id, path: id, name: id, process, shouldApply: () => true, override: () => null, editor: () => null,
  settings: id === 'displayName' ? { expandTemplateVars: true } : undefined,
}));
standardFieldConfigEditorRegistry.setInit(() => standard);
standardEditorsRegistry.setInit(() => []);

// what the panels of each kind know besides, with Grafana's defaults
const OWN = {
  timeseries: {
    drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', showPoints: 'auto',
    pointSize: 5, lineStyle: { fill: 'solid' }, spanNulls: false, insertNulls: false, stacking: { mode: 'none', group: 'A' },
    hideFrom: { legend: false, tooltip: false, viz: false }, fillBelowTo: undefined, axisPlacement: 'auto', axisColorMode: 'text',
    axisBorderShow: false, scaleDistribution: { type: 'linear' }, axisLabel: '', barAlignment: 0, thresholdsStyle: { mode: 'off' },
  },
  table: {
    width: undefined, minWidth: 50, align: 'auto', cellOptions: { type: 'auto' }, hidden: false, hideFrom: { viz: false },
    inspect: false, filterable: false, wrapHeaderText: false, wrapText: false, footer: { reducers: [] },
  },
};

function registry(type) {
  const made = new FieldConfigOptionsRegistry(() => [
    ...standard,
    ...Object.keys(OWN[type] ?? {}).map((name) => ({
      id: `custom.${name}`, path: name, name, isCustom: true, process: identityOverrideProcessor, shouldApply: () => true,
      override: () => null, editor: () => null,
    })),
  ]);
  return made;
}

function framesOf(panel, theme, zone) {
  const config = structuredClone(panel.fieldConfig ?? { defaults: {}, overrides: [] });
  config.defaults.color ??= { mode: panel.type === 'timeseries' ? 'palette-classic' : 'thresholds' };
  config.defaults.thresholds ??= { mode: 'absolute', steps: [{ value: -Infinity, color: 'green' }] };
  config.defaults.thresholds.steps[0].value ??= -Infinity;
  for (const override of config.overrides) {
    for (const one of override.properties) {
      if (one.id === 'thresholds') one.value.steps[0].value = -Infinity;
    }
  }
  config.defaults.custom = { ...(OWN[panel.type] ?? {}), ...(config.defaults.custom ?? {}) };
  const frames = applyFieldOverrides({
    data: panel.frames.map((frame) => toDataFrame({ ...frame, refId: 'A' })),
    fieldConfig: config, fieldConfigRegistry: registry(panel.type), theme, timeZone: zone,
    replaceVariables: withLabels,
  });
  cacheFieldDisplayNames(frames);
  return frames;
}

// what Grafana's template service makes of a name such as ${__field.labels.store}
function withLabels(text, scoped) {
  return text.replace(/\$\{__field\.labels\.(\w+)\}/g, (_, label) => scoped?.__dataContext?.value?.field?.labels?.[label] ?? '');
}

function Body({ panel, theme, width, height, range, zone }) {
  if (panel.frames.every((frame) => frame.fields.length === 0 || frame.fields[0].values.length === 0)) {
    return <div style={{ width, height, display: 'grid', placeItems: 'center' }}>{panel.fieldConfig?.defaults?.noValue ?? 'No data'}</div>;
  }
  const frames = framesOf(panel, theme, zone);
  if (panel.type === 'timeseries') {
    const timeRange = { from: range.from, to: range.to, raw: range };
    return <TimeSeries frames={frames} timeRange={timeRange} timeZone={zone} width={width} height={height} legend={panel.options?.legend ?? { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] }} options={panel.options} />;
  }
  if (panel.type === 'stat') {
    const field = frames[0].fields.find((one) => one.type === FieldType.number);
    const display = field.display ?? getDisplayProcessor({ field, theme });
    return <BigValue width={width} height={height} value={display(field.values[0])} theme={theme} graphMode="none" colorMode="value" />;
  }
  return <TableNG data={frames[0]} width={width} height={height} fieldConfig={panel.fieldConfig} showTypeIcons={false} sortBy={[]} enableVirtualization={false} structureRev={1} cellHeight={panel.options?.cellHeight} timeRange={range} getActions={() => []} replaceVariables={(t) => t} />;
}

class Guard extends React.Component {
  state = { error: null };
  static getDerivedStateFromError(error) { return { error }; }
  render() { return this.state.error ? <pre data-failed>{String(this.state.error.stack)}</pre> : this.props.children; }
}

window.draw = async (panels, dark, zone, span) => {
  const theme = createTheme({ colors: { mode: dark ? 'dark' : 'light' } });
  document.body.style.background = theme.colors.background.canvas;
  document.body.style.color = theme.colors.text.primary;
  document.body.style.fontFamily = theme.typography.fontFamily;
  document.body.style.fontSize = '14px';
  const { dateTime } = await import('@grafana/data');
  const range = { from: dateTime(span[0]), to: dateTime(span[1]) };
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8, width: 1600 }}>
        {panels.map((panel, place) => {
          const width = Math.floor((1600 * panel.gridPos.w) / 24) - 8, height = panel.gridPos.h * 38 - 8;
          return (
            <div key={place} id={`panel-${place}`} style={{ width, height }}>
              <PanelChrome title={panel.title} width={width} height={height} padding={panel.type === 'table' ? 'none' : 'md'}>
                {(w, h) => <Guard><Body panel={panel} theme={theme} width={w} height={h} range={range} zone={zone} /></Guard>}
              </PanelChrome>
            </div>
          );
        })}
      </div>
    </ThemeContext.Provider>,
  );
};
