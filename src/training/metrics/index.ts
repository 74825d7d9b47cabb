export { type Direction, MeanMetric, type Metric } from "./metric.js";
export { type MetricLike, type MetricName, metricFromConfig, metrics, resolveMetric } from "./table.js";
export { type TextMetric, textMetrics } from "./text-scores.js";
