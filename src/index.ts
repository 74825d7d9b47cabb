export {
  customGrad,
  GradientTape,
  type GradientTapeOptions,
  grad,
  grads,
  noGrad,
  stopGradient,
  type VariableGradsOptions,
  valueAndGrad,
  valueAndGrads,
  variableGrads,
} from "./autograd/index.js";
export type { BackendName } from "./backend/backend.js";
export type { Batch, BatchData, BatchTensors, Dataset } from "./data/batches.js";
export type { DataParts } from "./data/examples.js";
export { type DataLike, HostArray, hostArray, type ShapedValues } from "./data/host-array.js";
export { type PadOptions, padSequences } from "./data/pad-sequences.js";
export { shuffleTogether, trainTestSplit } from "./data/split.js";
export { CharacterVocabulary } from "./data/vocabulary.js";
export { timeSeriesWindows, type WindowOptions } from "./data/windows.js";
export { type ErrorCode, RondoError } from "./errors.js";
export {
  loadModel,
  modelFromBytes,
  modelToBytes,
  type SaveOptions,
} from "./formats/model-file.js";
export {
  readSafetensors,
  type SafetensorsContent,
  type StoredTensor,
  type StoredType,
  writeSafetensors,
} from "./formats/safetensors.js";
export {
  type Activation,
  type ActivationName,
  type ActivationSpec,
  type ApplyOptions,
  activations,
  type BatchShape,
  type CallContext,
  Cell,
  type CellContext,
  type Constraint,
  type ConstraintSpec,
  constraints,
  deserializeLayer,
  type Initializer,
  type InitializerSpec,
  type InputOptions,
  initializers,
  input,
  Layer,
  type LayerOptions,
  type LayerSpec,
  layers,
  MultiInputLayer,
  type Regularizer,
  type RegularizerSpec,
  type RNNCell,
  type RunContext,
  registerFunction,
  registerLayer,
  regularizers,
  type StepResult,
  SymbolicTensor,
  sequenceMask,
  serializeLayer,
} from "./layers/index.js";
export { cloneModel, modelFromJSON, registerModel } from "./model/from-json.js";
export { Functional, type FunctionalOptions, model } from "./model/functional.js";
export { Model, type ModelCallContext, type Outputs, type SavedModel } from "./model/model.js";
export { Sequential, type SequentialOptions, sequential } from "./model/sequential.js";
export { Stepper, type StreamOptions, StreamState } from "./model/stream.js";
export type { Summary, SummaryRow } from "./model/summary.js";
export type { SamplingOptions } from "./tasks/sampling.js";
export type { TextEnd, TextEvent } from "./tasks/text-events.js";
export { type GenerateOptions, generateText } from "./tasks/text-generation.js";
export type { TextHistoryEntry, TextRun } from "./tasks/text-loop.js";
export { loadTextModel, type TextModel, textModelFromBytes } from "./tasks/text-model.js";
export { type PresetName, type TextConfig, textPresets } from "./tasks/text-options.js";
export { type TrainTextOptions, trainText } from "./tasks/text-training.js";
export { getBackend, setBackend, setThreads } from "./tensor/engine.js";
export { Generator, type GeneratorState, setSeed } from "./tensor/generator.js";
export type {} from "./tensor/methods.js";
export {
  add,
  addN,
  div,
  floorDiv,
  maximum,
  minimum,
  mod,
  mul,
  pow,
  squaredDifference,
  sub,
} from "./tensor/ops/arithmetic.js";
export { type DotProductAttentionOptions, dotProductAttention } from "./tensor/ops/attention.js";
export {
  cast,
  clip,
  clipByValue,
  equal,
  greater,
  greaterEqual,
  isFinite,
  isInf,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  notEqual,
  where,
} from "./tensor/ops/comparison.js";
export {
  arange,
  clone,
  eye,
  fill,
  full,
  isTensor,
  linspace,
  ones,
  onesLike,
  range,
  scalar,
  zeros,
  zerosLike,
} from "./tensor/ops/creation.js";
export { gather, oneHot, pick, scatterAdd, segmentSum, take, takeAlongAxis, topK } from "./tensor/ops/indexing.js";
export { dot, type MatMulOptions, matMul, outer } from "./tensor/ops/linalg.js";
export { broadcastTo, expandDims, flatten, reshape, reverse, squeeze, tile, transpose } from "./tensor/ops/movement.js";
export {
  bernoulli,
  categorical,
  dropout,
  dropoutMask,
  permutation,
  type RandomSource,
  randomInt,
  randomNormal,
  randomUniform,
  truncatedNormal,
} from "./tensor/ops/random.js";
export {
  gruSequence,
  lstmSequence,
  type SequenceOptions,
  type SequenceResult,
  simpleRnnSequence,
} from "./tensor/ops/recurrent.js";
export {
  type Axis,
  all,
  any,
  argMax,
  argMin,
  cumsum,
  logSumExp,
  max,
  mean,
  min,
  moments,
  norm,
  prod,
  std,
  sum,
  variance,
} from "./tensor/ops/reduce.js";
export { concat, pad, slice, split, stack, stridedSlice, unstack } from "./tensor/ops/slicing.js";
export { logSoftmax, sigmoidCrossEntropy, softmax, softmaxCrossEntropy } from "./tensor/ops/softmax.js";
export {
  abs,
  ceil,
  cos,
  elu,
  erf,
  exp,
  expm1,
  floor,
  gelu,
  hardSigmoid,
  log,
  log1p,
  neg,
  reciprocal,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  softsign,
  sqrt,
  square,
  tanh,
} from "./tensor/ops/unary.js";
export { type ProfileOptions, profile } from "./tensor/profile/profile.js";
export type { ProfiledLayer, ProfiledOperation, ProfileReport, ProfileTotals } from "./tensor/profile/report.js";
export { scope } from "./tensor/scope.js";
export type { DType, Shape } from "./tensor/shape.js";
export { keep, memory, type NestedNumbers, Tensor, type TensorLike, type TypedArray, tensor } from "./tensor/tensor.js";
export { Variable, variable } from "./tensor/variable.js";
export type { BackupAndRestoreOptions } from "./training/callbacks/backup-and-restore.js";
export type { CSVLoggerOptions } from "./training/callbacks/csv-logger.js";
export { callbacks } from "./training/callbacks/index.js";
export type { JSONLoggerOptions } from "./training/callbacks/json-logger.js";
export type { LayerStatisticsOptions, StatisticsReport } from "./training/callbacks/layer-statistics.js";
export type { ModelCheckpointOptions } from "./training/callbacks/model-checkpoint.js";
export type { ReduceLROnPlateauOptions } from "./training/callbacks/reduce-lr-on-plateau.js";
export type { SwapEMAWeightsOptions } from "./training/callbacks/swap-ema-weights.js";
export type { TensorBoardOptions } from "./training/callbacks/tensor-board.js";
export type { Callback, Logs, TrainingContext } from "./training/callbacks.js";
export type { ClassWeight } from "./training/class-weight.js";
export { type CompileConfig, type CompileOptions, compileOptionsFromConfig } from "./training/compile.js";
export { type EarlyStoppingOptions, earlyStopping } from "./training/early-stopping.js";
export type { EvaluateOptions } from "./training/evaluate.js";
export type { FitOptions, History, ValidationData } from "./training/fit.js";
export type { LayerStatistics, Magnitudes } from "./training/layer-statistics.js";
export {
  findLearningRate,
  type LearningRateFinderOptions,
  type LearningRateRange,
} from "./training/learning-rate-finder.js";
export {
  type CtcDecodeOptions,
  type CtcPath,
  ctcDecode,
  ctcLoss,
  type Loss,
  type LossFunction,
  type LossLike,
  losses,
  type Reduction,
} from "./training/losses/index.js";
export { type Metric, type MetricLike, metrics, type TextMetric, textMetrics } from "./training/metrics/index.js";
export type { AdadeltaOptions } from "./training/optimizers/adadelta.js";
export type { AdafactorOptions } from "./training/optimizers/adafactor.js";
export type { AdagradOptions } from "./training/optimizers/adagrad.js";
export type { AdamOptions } from "./training/optimizers/adam.js";
export type { AdamaxOptions } from "./training/optimizers/adamax.js";
export type { FtrlOptions } from "./training/optimizers/ftrl.js";
export type { GroupsOptions, OptimizerGroup } from "./training/optimizers/groups.js";
export { optimizers } from "./training/optimizers/index.js";
export type { LambOptions } from "./training/optimizers/lamb.js";
export type { LionOptions } from "./training/optimizers/lion.js";
export type { LossScaleOptions } from "./training/optimizers/loss-scale.js";
export type { MuonOptions } from "./training/optimizers/muon.js";
export type { NadamOptions } from "./training/optimizers/nadam.js";
export { Optimizer } from "./training/optimizers/optimizer.js";
export type { LearningRate, OptimizerOptions } from "./training/optimizers/options.js";
export type { RMSPropOptions } from "./training/optimizers/rmsprop.js";
export type { ScheduleFreeAdamWOptions } from "./training/optimizers/schedule-free-adamw.js";
export type { SGDOptions } from "./training/optimizers/sgd.js";
export type { SlotStart } from "./training/optimizers/slots.js";
export type { PredictOptions } from "./training/predict.js";
export type { SavedState } from "./training/saved-state.js";
export {
  type ScheduledSampling,
  type ScheduledSamplingOptions,
  scheduledSampling,
} from "./training/scheduled-sampling.js";
export {
  type CosineDecayOptions,
  type CosineDecayRestartsOptions,
  type ExponentialDecayOptions,
  type InverseTimeDecayOptions,
  type OneCycleOptions,
  type PiecewiseConstantOptions,
  type PolynomialDecayOptions,
  type Schedule,
  type StepOptions,
  schedules,
  type WarmupOptions,
} from "./training/schedules.js";
export type { MetricInputs, Parts, TimeWindow } from "./training/step.js";
export type { Truncation } from "./training/truncated.js";
