"""Losses, metrics, optimizers, learning-rate schedules, and whole training runs."""

import math

import keras
import numpy as np
import torch

from .common import (
    CUSTOM_CLASSES,
    Single,
    Spec,
    array_form,
    flat,
    in_float32,
    integers,
    numbers,
    scalar,
    set_weights,
    tensor,
    typed_form,
    weight_name,
)

MASK = np.array([[1, 1, 0, 1, 0], [0, 0, 1, 1, 1], [1, 1, 1, 1, 0]], dtype=bool)
MASK_EMPTY_ROW = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0], [0, 1, 1, 1, 1]], dtype=bool)


def softmax(x):
    powers = np.exp(x.astype(np.float64))
    return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)


def sigmoid(x):
    return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)


def masked(prediction, mask):
    if mask is not None:
        prediction._keras_mask = torch.tensor(mask)
    return prediction


# ---- losses ----------------------------------------------------------------------------------------------------------


def losses_and_metrics():
    return {
        "meaning": {
            "losses": "value = loss(yTrue, yPred) with the mask of yPred ([batch, time], 1 = counts) and sampleWeight; "
            "grad = d value / d yPred. With reduction 'none' value is an array and grad that of sum(projection * value)",
            "metrics": "results[i] is the metric's result after batches 0..i",
        },
        "losses": _losses(),
        "metrics": _metrics(),
    }


def _losses():
    cases = []
    weight = np.array([0.5, 2.0, 1.25], dtype=np.float32)
    steps_weight = numbers((3, 5), 5.0, 0.8, 1.0)

    def add(name, spec, y_true, y_pred, *, mask=None, sample_weight=None):
        loss = spec.build()
        prediction = tensor(y_pred, gradient=True)
        passed = masked(prediction * 1, mask)
        value = loss(tensor(y_true), passed, sample_weight=None if sample_weight is None else tensor(sample_weight))
        record = {"id": f"{spec.class_name}/{name}", "loss": spec.case_form()}
        record["yTrue"], record["yPred"] = typed_form(y_true), typed_form(y_pred)
        if mask is not None:
            record["mask"] = typed_form(mask)
        if sample_weight is not None:
            record["sampleWeight"] = typed_form(sample_weight)
        if value.ndim:
            projection = numbers(tuple(value.shape), 0.7)
            record["projection"] = array_form(projection)
            record["value"] = array_form(value)
            value = torch.sum(value * tensor(projection))
        else:
            record["value"] = scalar(value)
        record["grad"] = flat(torch.autograd.grad(value, prediction)[0])
        cases.append(record)

    def family(spec, pairs):
        """Plain, weighted, masked, both, and the reductions, on [3, n] and [3, 5, n] predictions."""
        (t2, p2), (t3, p3) = pairs
        add("plain", spec, t2, p2)
        add("weighted", spec, t2, p2, sample_weight=weight)
        add("sequence", spec, t3, p3)
        add("sequence_mask", spec, t3, p3, mask=MASK)
        add("sequence_mask_empty_row", spec, t3, p3, mask=MASK_EMPTY_ROW)
        add("sequence_mask_nothing", spec, t3, p3, mask=np.zeros((3, 5), dtype=bool))
        add("sequence_weighted", spec, t3, p3, sample_weight=steps_weight)
        add("sequence_mask_weighted", spec, t3, p3, mask=MASK, sample_weight=steps_weight)
        for reduction in ("sum", "mean_with_sample_weight", "none"):
            reduced = spec.with_options(reduction=reduction)
            add(f"{reduction}_weighted", reduced, t2, p2, sample_weight=weight)
            add(f"{reduction}_mask_weighted", reduced, t3, p3, mask=MASK, sample_weight=steps_weight)

    p2, p3 = numbers((3, 4), 0.3), numbers((3, 5, 2), 1.4)
    t2, t3 = numbers((3, 4), 2.5), numbers((3, 5, 2), 3.6)
    family(Spec("MeanSquaredError"), [(t2, p2), (t3, p3)])
    for name in ("MeanAbsoluteError", "Huber", "LogCosh", "CosineSimilarity", "Hinge", "SquaredHinge"):
        targets = (np.sign(t2), np.sign(t3)) if "Hinge" in name else (t2, t3)
        add("plain", Spec(name), targets[0], p2)
        add("sequence_mask", Spec(name), targets[1], p3, mask=MASK)
    add("delta", Spec("Huber", delta=0.3), t2, p2)
    positive = (np.abs(t2) + 0.1, np.abs(p2) + 0.1)
    for name in ("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Poisson"):
        add("plain", Spec(name), *positive)
    add("plain", Spec("KLDivergence"), softmax(t2), softmax(p2))

    logits2, logits3 = numbers((3, 4), 0.3, 2.5), numbers((3, 5, 4), 1.4, 2.5)
    soft2, soft3 = softmax(numbers((3, 4), 2.5)), softmax(numbers((3, 5, 4), 3.6))
    ids2, ids3 = integers((3,), 0.5, 0, 4), integers((3, 5), 0.9, 0, 4)
    for from_logits in (True, False):
        given = lambda logits: logits if from_logits else softmax(logits)  # noqa: B023, E731
        suffix = {"from_logits": from_logits}
        family(Spec("CategoricalCrossentropy", **suffix), [(soft2, given(logits2)), (soft3, given(logits3))])
        family(Spec("SparseCategoricalCrossentropy", **suffix), [(ids2, given(logits2)), (ids3, given(logits3))])
        add(
            f"label_smoothing_{from_logits}",
            Spec("CategoricalCrossentropy", label_smoothing=0.1, **suffix),
            np.eye(4, dtype=np.float32)[ids2],
            given(logits2),
        )
        add(
            f"ignore_class_{from_logits}",
            Spec("SparseCategoricalCrossentropy", ignore_class=0, **suffix),
            ids3,
            given(logits3),
        )
        column = Spec("SparseCategoricalCrossentropy", **suffix)
        add(f"column_targets_{from_logits}", column, ids3[..., None], given(logits3))
        ones2, ones3 = integers((3, 4), 0.2, 0, 2).astype(np.float32), integers((3, 5, 1), 0.6, 0, 2).astype(np.float32)
        binary2, binary3 = numbers((3, 4), 0.3, 3.0), numbers((3, 5, 1), 1.4, 3.0)
        one = lambda logits: logits if from_logits else sigmoid(logits)  # noqa: B023, E731
        family(Spec("BinaryCrossentropy", **suffix), [(ones2, one(binary2)), (ones3, one(binary3))])
        add(
            f"label_smoothing_{from_logits}", Spec("BinaryCrossentropy", label_smoothing=0.2, **suffix), ones2, one(binary2)
        )
    for smoothing in (0.0, 0.1):
        for from_logits in (True, False):
            options = {"gamma": 1.5, "alpha": 0.3, "label_smoothing": smoothing, "from_logits": from_logits}
            name = f"focal_{smoothing}"
            one, many = (binary2, logits2) if from_logits else (sigmoid(binary2), softmax(logits2))
            add(name, Spec("BinaryFocalCrossentropy", **options), ones2, one)
            add(f"{name}_balanced", Spec("BinaryFocalCrossentropy", apply_class_balancing=True, **options), ones2, one)
            add(name, Spec("CategoricalFocalCrossentropy", **options), np.eye(4, dtype=np.float32)[ids2], many)
    add("plain", Spec("CategoricalGeneralizedCrossEntropy", q=0.7), ids2, softmax(logits2))
    add("plain", Spec("CategoricalHinge"), np.eye(4, dtype=np.float32)[ids2], logits2)
    add("sequence_mask", Spec("CategoricalHinge"), np.eye(4, dtype=np.float32)[ids3], logits3, mask=MASK)
    add("binary_targets", Spec("Hinge"), ones2, binary2)
    regions = (ones3.reshape(3, 5), sigmoid(binary3).reshape(3, 5))
    for spec in (Spec("Dice"), Spec("Tversky", alpha=0.3, beta=0.8)):
        add("all_axes", spec, *regions)
        add("examples", spec.with_options(axis=[1]), *regions, sample_weight=weight)
    points = numbers((6, 4), 0.4)
    add("plain", Spec("Circle", gamma=4, margin=0.3), integers((6,), 0.2, 0, 2), points / np.linalg.norm(points, axis=1)[:, None])
    add("axis", Spec("CosineSimilarity", axis=1), t3, p3)
    add("axis", Spec("CategoricalCrossentropy", axis=1), softmax(t3.swapaxes(1, 2)).swapaxes(1, 2), softmax(p3.swapaxes(1, 2)).swapaxes(1, 2))
    labels = np.array([[1, 1, 2, 0], [3, 0, 0, 0], [2, 1, 3, 2]], dtype=np.int32)
    add("plain", Spec("CTC"), labels, numbers((3, 7, 4), 0.8, 2.5))
    add("weighted", Spec("CTC", reduction="none"), labels, numbers((3, 7, 4), 0.8, 2.5), sample_weight=weight)
    # PyTorch has the likelihoods; Keras has none.
    series, counts = numbers((3, 5, 2), 0.9, 2.0), integers((3, 5, 2), 0.9, 0, 9)
    add("plain", Spec("GaussianNll"), series, numbers((3, 5, 4), 0.2, 1.5))
    add("mask", Spec("GaussianNll"), series, numbers((3, 5, 4), 0.2, 1.5), mask=MASK)
    add("plain", Spec("StudentTNll"), series, numbers((3, 5, 6), 0.2, 1.5))
    add("plain", Spec("NegativeBinomialNll"), counts.astype(np.float32), numbers((3, 5, 4), 0.2, 1.5))
    add("one", Spec("NegativeBinomialNll"), counts[..., 0].astype(np.float32), numbers((3, 5, 2), 1.2, 3.0))
    add("plain", Spec("Quantile", quantiles=[0.1, 0.5, 0.8]), series, numbers((3, 5, 6), 0.2, 1.5))
    extreme = np.array([[60, -60, 0, 5], [-45, 45, 44, 1], [0, 0, 0, 100]], dtype=np.float32)
    add("extreme_logits", Spec("SparseCategoricalCrossentropy", from_logits=True), ids2, extreme)
    add("extreme_logits", Spec("BinaryCrossentropy", from_logits=True), ones2, extreme)
    _name_uniquely(cases)
    return cases


class _Likelihood(keras.losses.Loss):
    """-log p of the distribution that `distribution(first half, second half, ...)` makes, the mean over the targets."""

    groups = 2

    def call(self, y_true, y_pred):
        return -self.distribution(*torch.chunk(y_pred, self.groups, -1)).log_prob(self.targets(y_true, y_pred)).mean(-1)

    def targets(self, y_true, y_pred):
        return y_true.reshape(*y_pred.shape[:-1], y_pred.shape[-1] // self.groups)


def _positive(raw):
    return torch.nn.functional.softplus(raw) + 1e-6


class GaussianNll(_Likelihood):
    def distribution(self, mean, scale):
        return torch.distributions.Normal(mean, _positive(scale))


class StudentTNll(_Likelihood):
    groups = 3

    def distribution(self, location, scale, freedom):
        return torch.distributions.StudentT(torch.nn.functional.softplus(freedom) + 2, location, _positive(scale))


class NegativeBinomialNll(_Likelihood):
    def distribution(self, mean, dispersion):
        mean, dispersion = _positive(mean), _positive(dispersion)
        return torch.distributions.NegativeBinomial(1 / dispersion, probs=dispersion * mean / (1 + dispersion * mean))


class Quantile(keras.losses.Loss):
    def __init__(self, quantiles, **options):
        super().__init__(**options)
        self.quantiles = quantiles

    def call(self, y_true, y_pred):
        parts = torch.chunk(y_pred, len(self.quantiles), -1)
        errors = [(y_true - part) * (q - (y_true < part).to(y_pred.dtype)) for q, part in zip(self.quantiles, parts)]
        return torch.stack(errors).mean(0).mean(-1)


CUSTOM_CLASSES.update(
    GaussianNll=GaussianNll, StudentTNll=StudentTNll, NegativeBinomialNll=NegativeBinomialNll, Quantile=Quantile
)


def _name_uniquely(cases):
    """Puts the options that tell two families apart into the id."""
    seen = set()
    for case in cases:
        logits = case["loss"]["options"].get("fromLogits")
        if logits is not None:
            case["id"] += "/logits" if logits else "/probabilities"
        if case["id"] in seen:
            raise ValueError(f"two losses are called {case['id']}")
        seen.add(case["id"])


# ---- metrics ---------------------------------------------------------------------------------------------------------


def _metrics():
    cases = []
    sizes = [3, 4, 2]  # of the batches: a mean over batches must weigh them

    def add(name, spec, batches, *, transform=None, class_name=None):
        metric = spec.build(keras.metrics)
        results, records = [], []
        for batch in batches:
            prediction = masked(tensor(batch["y_pred"]), batch.get("mask"))
            weight = batch.get("sample_weight")
            metric.update_state(tensor(batch["y_true"]), prediction, sample_weight=None if weight is None else tensor(weight))
            value = float(metric.result())
            results.append(Single(transform(value) if transform else value))
            record = {"yTrue": typed_form(batch["y_true"]), "yPred": typed_form(batch["y_pred"])}
            if "mask" in batch:
                record["mask"] = typed_form(batch["mask"])
            if weight is not None:
                record["sampleWeight"] = typed_form(weight)
            records.append(record)
        metric_form = spec.case_form()
        if class_name:
            metric_form["className"] = class_name
        cases.append({"id": name, "metric": metric_form, "batches": records, "results": results})

    def batches(make, *, mask=False, weight=False, flat_weight=False):
        made = []
        for index, size in enumerate(sizes):
            y_true, y_pred = make(size, index)
            batch = {"y_true": y_true, "y_pred": y_pred}
            if mask:
                batch["mask"] = integers((size, 5), 0.4 + index, 0, 3) > 0
            if weight:
                batch["sample_weight"] = numbers((size, 5), 5.0 + index, 0.8, 1.0)
            if flat_weight:
                batch["sample_weight"] = numbers((size,), 5.0 + index, 0.8, 1.0)
            made.append(batch)
        return made

    def regression(size, index):
        return numbers((size, 2), 0.3 + index), numbers((size, 2), 5.8 + index)

    def series(size, index):
        return numbers((size, 6), 0.3 + index), numbers((size, 6), 0.5 + index, 0.7, 0.2)

    def positive(size, index):
        return numbers((size, 2), 0.3 + index, 0.9, 1.0), numbers((size, 2), 5.8 + index, 0.9, 1.0)

    def binary(size, index):
        return integers((size, 3), 0.3 + index, 0, 2).astype(np.float32), sigmoid(numbers((size, 3), 1.7 + index, 2.0))

    def binary_sequence(size, index):
        return (
            integers((size, 5, 1), 0.3 + index, 0, 2).astype(np.float32),
            sigmoid(numbers((size, 5, 1), 1.7 + index, 2.0)),
        )

    def leaning(ids, scores):
        """Scores of which every second one favours the right class, so that some predictions are right and some wrong."""
        favour = np.eye(scores.shape[-1], dtype=np.float32)[ids] * 3
        favour.reshape(-1, scores.shape[-1])[1::2] = 0
        return ids, scores + favour

    def classes(size, index):
        ids, scores = leaning(integers((size,), 0.3 + index, 0, 4), numbers((size, 4), 1.7 + index, 2.0))
        return ids, softmax(scores)

    def one_hot(size, index):
        ids, prediction = classes(size, index)
        return np.eye(4, dtype=np.float32)[ids], prediction

    def sequence(size, index):
        ids, scores = logits(size, index)
        return ids, softmax(scores)

    def sequence_one_hot(size, index):
        ids, prediction = sequence(size, index)
        return np.eye(4, dtype=np.float32)[ids], prediction

    def logits(size, index):
        return leaning(integers((size, 5), 0.3 + index, 0, 4), numbers((size, 5, 4), 1.7 + index, 2.0))

    def labels(size, index):
        true, guess = integers((size, 3), 0.3 + index, 0, 3), integers((size, 3), 2.3 + index, 0, 3)
        guess[:, 0], guess[: index + 1, 1] = true[:, 0], true[: index + 1, 1]
        return true.astype(np.float32), guess.astype(np.float32)

    def ranked(size, index):
        return integers((size,), 0.6 + index, 0, 6), integers((size, 4), 2.2 + index, 0, 6)

    for name in ("MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError", "R2Score"):
        add(f"{name}/plain", Spec(name), batches(regression))
    add("MeanSquaredError/weighted", Spec("MeanSquaredError"), batches(regression, flat_weight=True))
    add("Accuracy/plain", Spec("Accuracy"), batches(labels))
    add("BinaryAccuracy/plain", Spec("BinaryAccuracy"), batches(binary))
    add("BinaryAccuracy/threshold", Spec("BinaryAccuracy", threshold=0.7), batches(binary))
    add("BinaryAccuracy/mask", Spec("BinaryAccuracy"), batches(binary_sequence, mask=True))
    add("BinaryCrossentropy/plain", Spec("BinaryCrossentropy"), batches(binary))
    add("CategoricalAccuracy/plain", Spec("CategoricalAccuracy"), batches(one_hot))
    add("CategoricalAccuracy/weighted", Spec("CategoricalAccuracy"), batches(one_hot, flat_weight=True))
    add("CategoricalAccuracy/mask", Spec("CategoricalAccuracy"), batches(sequence_one_hot, mask=True))
    add("CategoricalCrossentropy/plain", Spec("CategoricalCrossentropy"), batches(one_hot))
    for name, options in (
        ("SparseCategoricalAccuracy", {}),
        ("SparseTopKCategoricalAccuracy", {"k": 2}),
        ("SparseCategoricalCrossentropy", {}),
    ):
        spec = Spec(name, **options)
        add(f"{name}/plain", spec, batches(classes))
        add(f"{name}/sequence", spec, batches(sequence))
        add(f"{name}/mask", spec, batches(sequence, mask=True))
        add(f"{name}/weighted", spec, batches(sequence, weight=True))
        add(f"{name}/mask_weighted", spec, batches(sequence, mask=True, weight=True))
    add("SparseTopKCategoricalAccuracy/ids", Spec("SparseTopKCategoricalAccuracy", k=2, from_sorted_ids=True), batches(ranked))
    add("TopKCategoricalAccuracy/plain", Spec("TopKCategoricalAccuracy", k=2), batches(one_hot))
    # Keras has no such metrics: they are exp and 1 / ln 2 of its mean cross-entropy over tokens.
    for label, transform in (("Perplexity", math.exp), ("BitsPerCharacter", lambda nats: nats / math.log(2))):
        for from_logits, make in ((False, sequence), (True, logits)):
            spec = Spec("SparseCategoricalCrossentropy", from_logits=from_logits)
            kind = "logits" if from_logits else "probabilities"
            for name, more in (("plain", {}), ("mask", {"mask": True}), ("mask_weighted", {"mask": True, "weight": True})):
                add(f"{label}/{kind}_{name}", spec, batches(make, **more), transform=transform, class_name=label)
    for name in ("Precision", "Recall"):
        add(f"{name}/plain", Spec(name), batches(binary))
        add(f"{name}/thresholds", Spec(name, thresholds=0.7), batches(binary))
        add(f"{name}/weighted", Spec(name), batches(binary, flat_weight=True))
    for name in ("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "LogCoshError", "CosineSimilarity", "Poisson"):
        add(f"{name}/plain", Spec(name), batches(positive))
    add("CosineSimilarity/weighted", Spec("CosineSimilarity"), batches(regression, flat_weight=True))
    add("R2Score/weighted", Spec("R2Score"), batches(regression, flat_weight=True))
    by_variance = Spec("R2Score", class_aggregation="variance_weighted_average")
    add("R2Score/by_variance", by_variance, batches(regression))
    add("R2Score/adjusted", Spec("R2Score", num_regressors=2), batches(regression))
    add("R2Score/adjusted_by_variance", by_variance.with_options(num_regressors=3), batches(regression, flat_weight=True))
    add("KLDivergence/plain", Spec("KLDivergence"), batches(one_hot))
    for name in ("Hinge", "SquaredHinge", "CategoricalHinge"):
        add(f"{name}/plain", Spec(name), batches(one_hot))
    for name in ("Precision", "Recall"):
        add(f"{name}/top_k", Spec(name, top_k=2), batches(one_hot))
        add(f"{name}/class_id", Spec(name, class_id=1), batches(binary))
        add(f"{name}/top_k_class_id", Spec(name, top_k=1, class_id=2), batches(one_hot))
    for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        add(f"{name}/plain", Spec(name), batches(binary))
        add(f"{name}/thresholds", Spec(name, thresholds=0.7), batches(binary, flat_weight=True))
    for name in ("PearsonCorrelation", "ConcordanceCorrelation"):
        add(f"{name}/plain", Spec(name), batches(series))
        add(f"{name}/axis", Spec(name, axis=0), batches(series))
    ids = {"num_classes": 3, "target_class_ids": [0, 2]}
    add("MeanIoU/plain", Spec("MeanIoU", num_classes=3), batches(labels))
    add("IoU/plain", Spec("IoU", **ids), batches(labels))
    add("IoU/one_hot", Spec("IoU", **{**ids, "num_classes": 4}, sparse_y_true=False, sparse_y_pred=False), batches(one_hot))
    add("OneHotIoU/plain", Spec("OneHotIoU", **{**ids, "num_classes": 4}), batches(one_hot))
    add("OneHotMeanIoU/plain", Spec("OneHotMeanIoU", num_classes=4), batches(one_hot))
    add("BinaryIoU/plain", Spec("BinaryIoU"), batches(binary))
    add("BinaryIoU/one", Spec("BinaryIoU", target_class_ids=[1], threshold=0.7), batches(binary))
    with in_float32():  # Keras counts in float32 here whatever its precision
        for name, given, value in (
            ("PrecisionAtRecall", "recall", 0.6),
            ("RecallAtPrecision", "precision", 0.6),
            ("SensitivityAtSpecificity", "specificity", 0.4),
            ("SpecificityAtSensitivity", "sensitivity", 0.7),
        ):
            add(f"{name}/plain", Spec(name, **{given: value}), batches(binary))
            add(f"{name}/weighted", Spec(name, num_thresholds=11, **{given: 0.5}), batches(binary, flat_weight=True))
            add(f"{name}/class_id", Spec(name, class_id=2, **{given: value}), batches(one_hot))
        for curve in ("ROC", "PR"):
            add(f"AUC/{curve}", Spec("AUC", curve=curve), batches(binary))
            add(f"AUC/{curve}_coarse", Spec("AUC", curve=curve, num_thresholds=7), batches(binary))
            add(f"AUC/{curve}_weighted", Spec("AUC", curve=curve), batches(binary, flat_weight=True))
            add(f"AUC/{curve}_thresholds", Spec("AUC", curve=curve, thresholds=[0.7, 0.2, 0.45]), batches(binary))
            for method in ("minoring", "majoring"):
                add(f"AUC/{curve}_{method}", Spec("AUC", curve=curve, num_thresholds=9, summation_method=method), batches(binary))
        add("AUC/PRGAIN", Spec("AUC", curve="PRGAIN", num_thresholds=30), batches(binary))
        several = {"multi_label": True, "num_thresholds": 20}
        add("AUC/multi_label", Spec("AUC", **several), batches(one_hot))
        add("AUC/multi_label_pr", Spec("AUC", curve="PR", **several), batches(one_hot))
        weights = [0.5, 2.0, 1.0, 0.25]
        add("AUC/multi_label_weights", Spec("AUC", label_weights=weights, **several), batches(one_hot))
        add("AUC/label_weights", Spec("AUC", label_weights=weights, num_thresholds=20), batches(one_hot))
    for average in ("micro", "macro", "weighted"):
        add(f"F1Score/{average}", Spec("F1Score", average=average), batches(one_hot))
        add(f"F1Score/{average}_threshold", Spec("F1Score", average=average, threshold=0.4), batches(binary))
        spec = Spec("FBetaScore", average=average, beta=2.0)
        add(f"FBetaScore/{average}", spec, batches(one_hot, flat_weight=True))
    return cases


# ---- optimizers ------------------------------------------------------------------------------------------------------

STEPS = 10

OPTIMIZERS = {
    "SGD": Spec("SGD", learning_rate=0.1),
    "SGD_momentum": Spec("SGD", learning_rate=0.1, momentum=0.9),
    "SGD_nesterov": Spec("SGD", learning_rate=0.1, momentum=0.9, nesterov=True),
    "RMSprop": Spec("RMSprop", learning_rate=0.01),
    "RMSprop_momentum": Spec("RMSprop", learning_rate=0.01, rho=0.8, momentum=0.7),
    "RMSprop_centered": Spec("RMSprop", learning_rate=0.01, centered=True),
    "RMSprop_centered_momentum": Spec("RMSprop", learning_rate=0.01, centered=True, momentum=0.7),
    "Adam": Spec("Adam", learning_rate=0.01),
    "Adam_betas": Spec("Adam", learning_rate=0.01, beta_1=0.7, beta_2=0.9, epsilon=1e-3),
    "Adam_amsgrad": Spec("Adam", learning_rate=0.01, beta_2=0.8, amsgrad=True),
    "AdamW": Spec("AdamW", learning_rate=0.01),
}

# Those whose own arithmetic is what matters; clipping and decay come before it and are the same for all.
MORE_OPTIMIZERS = {
    "Nadam": Spec("Nadam", learning_rate=0.01),
    "Nadam_betas": Spec("Nadam", learning_rate=0.01, beta_1=0.7, beta_2=0.9, epsilon=1e-3, weight_decay=0.05),
    "Adamax": Spec("Adamax", learning_rate=0.01),
    "Adamax_betas": Spec("Adamax", learning_rate=0.01, beta_1=0.7, beta_2=0.8, epsilon=1e-3, clipnorm=0.8),
    "Adagrad": Spec("Adagrad", learning_rate=0.1),
    "Adagrad_start": Spec("Adagrad", learning_rate=0.1, initial_accumulator_value=0.5, epsilon=1e-2, weight_decay=0.05),
    "Adadelta": Spec("Adadelta", learning_rate=1.0),
    "Adadelta_rho": Spec("Adadelta", learning_rate=1.0, rho=0.7, epsilon=1e-3, weight_decay=0.05),
    "Lion": Spec("Lion", learning_rate=0.01),
    "Lion_betas": Spec("Lion", learning_rate=0.01, beta_1=0.6, beta_2=0.8, weight_decay=0.05),
    "Adafactor": Spec("Adafactor", learning_rate=0.05),
    "Adafactor_schedule": Spec(
        "Adafactor", learning_rate=Spec("InverseTimeDecay", initial_learning_rate=0.9, decay_steps=9, decay_rate=0.5)
    ),
    "Adafactor_options": Spec(
        "Adafactor", learning_rate=0.5, beta_2_decay=-0.5, epsilon_1=1e-3, epsilon_2=0.7, clip_threshold=0.6
    ),
    "Ftrl": Spec("Ftrl", learning_rate=0.1),
    "Ftrl_options": Spec(
        "Ftrl", learning_rate=0.2, learning_rate_power=-0.7, initial_accumulator_value=0.3, beta=0.4,
        l1_regularization_strength=0.05, l2_regularization_strength=0.1, l2_shrinkage_regularization_strength=0.02,
    ),
    "Lamb": Spec("Lamb", learning_rate=0.01),
    "Lamb_betas": Spec("Lamb", learning_rate=0.1, beta_1=0.7, beta_2=0.8, epsilon=1e-3, weight_decay=0.05),
    "Muon": Spec("Muon", learning_rate=0.01),
    "Muon_options": Spec(
        "Muon", learning_rate=0.02, momentum=0.8, nesterov=False, ns_steps=3, rms_rate=None, weight_decay=0.05,
        adam_weight_decay=0.1, adam_beta_1=0.7, adam_beta_2=0.9, epsilon=1e-3,
    ),
    "Muon_polynomial": Spec("Muon", learning_rate=0.01, muon_a=2.0, muon_b=-1.5, muon_c=0.5),
    "Muon_excluded": Spec("Muon", learning_rate=0.01, exclude_layers=["w0"]),
}  # fmt: skip

# The gradients' norms run from far below these bounds to far above them.
LIMITS = {
    "plain": {},
    "clipnorm": {"clipnorm": 0.8},
    "clipvalue": {"clipvalue": 0.4},
    "global_clipnorm": {"global_clipnorm": 1.0},
    "weight_decay": {"weight_decay": 0.05},
    "clipnorm_weight_decay": {"clipnorm": 0.8, "weight_decay": 0.05},
}


# Gradients and weights over several batches.
SPREAD = {
    "accumulation": {"gradient_accumulation_steps": 2},
    "ema": {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 4},
}


def _schedule_free(weights, gradients, rate, beta_1=0.9, beta_2=0.999, warmup_steps=0, weight_decay=0.0, epsilon=1e-8):
    """Algorithm 1 of Defazio et al. 2024 with a plain mean. Keras' own step on torch reads z after changing it in place."""
    y = [weight.astype(np.float64) for weight in weights]
    z, x, v = [w.copy() for w in y], [w.copy() for w in y], [np.zeros_like(w) for w in y]
    trace = []
    for t, grads in enumerate(gradients, start=1):
        step = rate * min(t / warmup_steps, 1) if warmup_steps else rate
        for k, gradient in enumerate(grads):
            g = gradient.astype(np.float64)
            v[k] = beta_2 * v[k] + (1 - beta_2) * g * g
            z[k] = z[k] - step * (g / (np.sqrt(v[k] / (1 - beta_2**t)) + epsilon) + weight_decay * y[k])
            x[k] = x[k] + (z[k] - x[k]) / t
            y[k] = beta_1 * x[k] + (1 - beta_1) * z[k]
        trace.append([flat(w) for w in y])
    return trace


def optimizer_gradients():
    """Two tensors' gradients for every step: growing, shrinking, changing sign, and exactly zero in one step."""
    scales = [0.05, 0.4, 1.5, 0.8, 0.01, 0.0, 3.0, 0.3, 1.0, 0.2]
    return [
        [numbers((3, 4), 1.0 + 0.8 * step, scale), numbers((5,), 2.0 + 0.8 * step, 0.7 * scale)]
        for step, scale in enumerate(scales)
    ]


def optimizers_and_schedules():
    weights = [numbers((3, 4), 0.3), numbers((5,), 1.4)]
    gradients = optimizer_gradients()
    cases = []

    def add(name, spec, exclude=None):
        keras.backend.clear_session()
        variables = [keras.Variable(np.asarray(weight, dtype=np.float64), name=f"w{k}") for k, weight in enumerate(weights)]
        optimizer = spec.build()
        if exclude:
            optimizer.exclude_from_weight_decay(var_names=exclude)
        trace = []
        for step in gradients:
            optimizer.apply([tensor(gradient) for gradient in step], variables)
            trace.append([flat(variable.value) for variable in variables])
        expected = None if exclude else _optimizer_formula(spec, weights, gradients)
        if expected is not None:
            for stepped, formula in zip(trace, expected):
                for a, b in zip(stepped, formula):
                    np.testing.assert_allclose(a, b.reshape(-1), rtol=1e-4, atol=1e-5, err_msg=name)
        form = spec.case_form()
        if exclude:
            form["options"]["excludeFromWeightDecay"] = exclude
        cases.append({"id": name, "optimizer": form, "weightsAfterStep": trace})

    for name, spec in OPTIMIZERS.items():
        for limit, options in LIMITS.items():
            if not (name == "AdamW" and limit == "clipnorm_weight_decay"):
                add(f"{name}/{limit}", spec.with_options(**options))
    for name, spec in MORE_OPTIMIZERS.items():
        add(name, spec)
        # One of each kind with every form of clipping, decay, accumulation and averaging.
        if "_" not in name:
            for limit, options in {**LIMITS, **SPREAD}.items():
                if limit not in ("plain", "clipnorm_weight_decay"):
                    add(f"{name}/{limit}", spec.with_options(**options))
    for name, options in (("plain", {}), ("options", {"beta_1": 0.7, "beta_2": 0.9, "warmup_steps": 4, "weight_decay": 0.05})):
        spec = Spec("ScheduleFreeAdamW", learning_rate=0.02, **options)
        trace = _schedule_free(weights, gradients, **{"rate": 0.02, **options})
        form = {"className": "ScheduleFreeAdamW", "options": spec.case_form()["options"]}
        cases.append({"id": f"ScheduleFreeAdamW/{name}", "optimizer": form, "weightsAfterStep": trace})
    add("SGD/exclude_from_weight_decay", OPTIMIZERS["SGD"].with_options(weight_decay=0.5), exclude=["1"])
    decay = Spec("ExponentialDecay", initial_learning_rate=0.1, decay_steps=3, decay_rate=0.5)
    cosine = Spec("CosineDecay", initial_learning_rate=0.001, decay_steps=6, warmup_target=0.02, warmup_steps=3)
    add("SGD/exponential_decay", Spec("SGD", learning_rate=decay, momentum=0.9))
    add("Adam/cosine_decay", Spec("Adam", learning_rate=cosine))
    for base in ("SGD_momentum", "Adam"):
        spec = OPTIMIZERS[base].with_options(gradient_accumulation_steps=2, global_clipnorm=1.0)
        add(f"{base}/gradient_accumulation", spec)
    ema = {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 4}
    add("Adam/ema_overwrite", OPTIMIZERS["Adam"].with_options(**ema))
    add("Adam/ema_accumulation", OPTIMIZERS["Adam"].with_options(gradient_accumulation_steps=2, **ema))
    add("SGD_momentum/loss_scale_factor", OPTIMIZERS["SGD_momentum"].with_options(loss_scale_factor=4.0, clipnorm=0.2))
    return {
        "meaning": {
            "optimizers": "all start from `weights` and receive gradients[step] in turn; weightsAfterStep[step] holds both "
            "tensors, flat. Order of work: clip, decay (w -= w * weightDecay * learningRate), update",
            "schedules": "learningRate[i] at step steps[i], steps counted from 0",
            "lossScale": "LossScaleOptimizer given the same gradients, scaled ones; in the steps of `overflow` with an "
            "infinite element; scales[step] is the scale afterwards",
        },
        "weights": [array_form(weight) for weight in weights],
        "gradients": [[array_form(gradient) for gradient in step] for step in gradients],
        "optimizers": cases,
        "lossScale": _loss_scale(weights, gradients),
        "schedules": _schedules(),
    }


def _loss_scale(weights, gradients):
    inner, overflow = OPTIMIZERS["Adam"], [3, 4, 8]
    options = {"initial_scale": 8.0, "dynamic_growth_steps": 2}
    variables = [keras.Variable(np.asarray(weight, dtype=np.float64), name=f"w{k}") for k, weight in enumerate(weights)]
    optimizer = keras.optimizers.LossScaleOptimizer(inner.build(), **options)
    trace, scales = [], []
    for number, step in enumerate(gradients):
        given = [tensor(gradient) for gradient in step]
        if number in overflow:
            given[1] = given[1] * math.inf
        optimizer.apply(given, variables)
        trace.append([flat(variable.value) for variable in variables])
        scales.append(Single(float(optimizer.dynamic_scale)))
    return {
        "inner": inner.case_form(),
        "initialScale": options["initial_scale"],
        "dynamicGrowthSteps": options["dynamic_growth_steps"],
        "overflow": overflow,
        "scales": scales,
        "weightsAfterStep": trace,
    }


def _optimizer_formula(spec, weights, gradients):
    """The same steps from the published formulas in numpy, to confirm Keras' figures; None for options not restated."""
    given = dict(spec.config_given)
    if set(given) & {"gradient_accumulation_steps", "use_ema", "loss_scale_factor"} or isinstance(given["learning_rate"], Spec):
        return None
    if spec.class_name not in ("SGD", "RMSprop", "Adam", "AdamW"):
        return None
    rate = given["learning_rate"]
    decay = given.get("weight_decay", 0.004 if spec.class_name == "AdamW" else 0.0)
    w = [weight.astype(np.float64) for weight in weights]
    zeros = lambda: [np.zeros_like(item) for item in w]  # noqa: E731
    m, v, mean, top = zeros(), zeros(), zeros(), zeros()
    trace = []
    for step, grads in enumerate(gradients, start=1):
        grads = [gradient.astype(np.float64) for gradient in grads]
        norms = [np.sqrt(np.sum(g * g)) for g in grads]
        if "clipnorm" in given:
            grads = [g * min(1.0, given["clipnorm"] / n) if n else g for g, n in zip(grads, norms)]
        elif "clipvalue" in given:
            grads = [np.clip(g, -given["clipvalue"], given["clipvalue"]) for g in grads]
        elif "global_clipnorm" in given:
            total = math.hypot(*norms)
            grads = [g * min(1.0, given["global_clipnorm"] / total) if total else g for g in grads]
        for k, g in enumerate(grads):
            w[k] = w[k] - w[k] * decay * rate
            if spec.class_name == "SGD":
                momentum = given.get("momentum", 0.0)
                m[k] = momentum * m[k] - rate * g
                w[k] = w[k] + (momentum * m[k] - rate * g if given.get("nesterov") else m[k])
            elif spec.class_name == "RMSprop":
                rho, momentum = given.get("rho", 0.9), given.get("momentum", 0.0)
                v[k] = rho * v[k] + (1 - rho) * g * g
                mean[k] = rho * mean[k] + (1 - rho) * g
                m[k] = momentum * m[k] + rate * g / np.sqrt(v[k] - (mean[k] ** 2 if given.get("centered") else 0) + 1e-7)
                w[k] = w[k] - m[k]
            else:
                b1, b2, epsilon = given.get("beta_1", 0.9), given.get("beta_2", 0.999), given.get("epsilon", 1e-7)
                m[k] = b1 * m[k] + (1 - b1) * g
                v[k] = b2 * v[k] + (1 - b2) * g * g
                top[k] = np.maximum(top[k], v[k])
                alpha = rate * math.sqrt(1 - b2**step) / (1 - b1**step)
                w[k] = w[k] - alpha * m[k] / (np.sqrt(top[k] if given.get("amsgrad") else v[k]) + epsilon)
        trace.append([item.copy() for item in w])
    return trace


def _schedules():
    steps = [0, 1, 2, 3, 5, 9, 10, 11, 20, 25, 40, 100]
    plan = {
        "ExponentialDecay/smooth": Spec("ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.8),
        "ExponentialDecay/staircase": Spec(
            "ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.8, staircase=True
        ),
        "CosineDecay/plain": Spec("CosineDecay", initial_learning_rate=0.1, decay_steps=30),
        "CosineDecay/alpha": Spec("CosineDecay", initial_learning_rate=0.1, decay_steps=30, alpha=0.25),
        "CosineDecay/warmup": Spec(
            "CosineDecay", initial_learning_rate=0.01, decay_steps=30, alpha=0.1, warmup_target=0.2, warmup_steps=10
        ),
        "CosineDecayRestarts/plain": Spec("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=8),
        "CosineDecayRestarts/options": Spec(
            "CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=8, t_mul=1.5, m_mul=0.7, alpha=0.1
        ),
        "PiecewiseConstantDecay": Spec("PiecewiseConstantDecay", boundaries=[3, 20], values=[0.1, 0.05, 0.01]),
        "PolynomialDecay/linear": Spec(
            "PolynomialDecay", initial_learning_rate=0.1, decay_steps=20, end_learning_rate=0.01
        ),
        "PolynomialDecay/power_cycle": Spec(
            "PolynomialDecay", initial_learning_rate=0.1, decay_steps=20, end_learning_rate=0.01, power=2.0, cycle=True
        ),
        "InverseTimeDecay/smooth": Spec("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.8),
        "InverseTimeDecay/staircase": Spec(
            "InverseTimeDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.8, staircase=True
        ),
    }
    records = []
    for name, spec in plan.items():
        schedule = spec.build()
        # The cycle of a polynomial divides by zero steps at step 0 in some versions: Keras defines it as one period.
        rates = [Single(float(schedule(step))) for step in steps]
        records.append({"id": name, "schedule": spec.case_form(), "steps": steps, "learningRate": rates})
    return records


# ---- whole training runs ---------------------------------------------------------------------------------------------


def full_training():
    cases = []

    def add(name, model_spec, optimizer, loss, make_batch, *, note=None):
        keras.backend.clear_session()
        model = model_spec.build()
        batches = [make_batch(step) for step in range(STEPS)]
        model(tensor(batches[0]["x"]))
        set_weights(model.trainable_weights)
        before = [(weight_name(v.path), tuple(v.shape), flat(v.value)) for v in model.trainable_weights]
        model.compile(optimizer=optimizer.build(), loss=loss.build(), run_eagerly=True)
        step_losses = []
        for batch in batches:
            weight = batch.get("sample_weight")
            result = model.train_on_batch(
                _exact(batch["x"]), _exact(batch["y"]), sample_weight=None if weight is None else _exact(weight)
            )
            step_losses.append(Single(float(np.ravel(result)[0])))
        record = {"id": name, "model": model_spec.case_form()}
        if note:
            record["note"] = note
        record["optimizer"], record["loss"] = optimizer.case_form(), loss.case_form()
        record["weights"] = [
            {"name": label, "shape": list(shape), "value": value, "final": flat(variable.value)}
            for (label, shape, value), variable in zip(before, model.trainable_weights)
        ]
        record["batches"] = [
            {{"x": "x", "y": "y", "sample_weight": "sampleWeight"}[key]: typed_form(array) for key, array in batch.items()}
            for batch in batches
        ]
        record["losses"] = step_losses
        probe = batches[0]["x"]
        with torch.no_grad():
            record["prediction"] = {"x": typed_form(probe), **array_form(model(tensor(probe), training=False))}
        cases.append(record)

    def chain(*layers):
        return Spec("Sequential", layers=list(layers))

    lstm = Spec("LSTM", units=5, use_cudnn=False)
    embedding = Spec("Embedding", input_dim=8, output_dim=4)
    vocabulary = Spec("Dense", units=8)
    logits = Spec("SparseCategoricalCrossentropy", from_logits=True)
    probabilities = Spec("SparseCategoricalCrossentropy")
    sequences = {"return_sequences": True}

    def tokens(step):
        ids = integers((4, 7), 0.2 + step, 0, 8)
        return {"x": ids[:, :-1], "y": ids[:, 1:]}

    def padded_tokens(step):
        ids = integers((4, 7), 0.2 + step, 1, 8)
        for row, length in enumerate((7, 4, 5, 2)):
            ids[row, (length + step) % 6 + 1 :] = 0
        return {"x": ids[:, :-1], "y": ids[:, 1:]}

    def labelled(step):
        return {"x": integers((4, 6), 0.2 + step, 1, 8), "y": integers((4,), 0.7 + step, 0, 3)}

    def series(step):
        return {"x": numbers((5, 6, 3), 0.3 + step), "y": numbers((5, 2), 1.9 + step)}

    def binary(step):
        return {
            "x": numbers((5, 6, 3), 0.3 + step),
            "y": integers((5, 1), 0.6 + step, 0, 2).astype(np.float32),
        }

    def weighted(step):
        return {**padded_tokens(step), "sample_weight": numbers((4, 6), 5.0 + step, 0.8, 1.0)}

    adam = Spec("Adam", learning_rate=0.02)
    add(
        "classifier_adam",
        chain(embedding, lstm, Spec("Dense", units=3, activation="softmax")),
        adam,
        probabilities,
        labelled,
    )
    add("language_model_adam", chain(embedding, lstm.with_options(**sequences), vocabulary), adam, logits, tokens)
    add(
        "language_model_mask_zero",
        chain(embedding.with_options(mask_zero=True), lstm.with_options(**sequences), vocabulary),
        adam.with_options(global_clipnorm=0.5),
        logits,
        padded_tokens,
        note="the mask of the embedding reaches the loss: padded steps do not count",
    )
    add(
        "language_model_mask_weights",
        chain(embedding.with_options(mask_zero=True), lstm.with_options(**sequences), vocabulary),
        adam,
        logits,
        weighted,
    )
    add(
        "two_layers_adam",
        chain(embedding, lstm.with_options(**sequences), lstm, Spec("Dense", units=3)),
        adam.with_options(clipnorm=0.3),
        logits,
        labelled,
    )
    gru = Spec("GRU", units=5, use_cudnn=False)
    add(
        "regression_rmsprop",
        chain(gru, Spec("Dense", units=2)),
        Spec("RMSprop", learning_rate=0.01),
        Spec("MeanSquaredError"),
        series,
    )
    add(
        "regression_bidirectional",
        chain(Spec("Bidirectional", layer=gru.with_options(units=3, reset_after=False)), Spec("Dense", units=2)),
        Spec("RMSprop", learning_rate=0.01, momentum=0.5, centered=True),
        Spec("MeanSquaredError"),
        series,
    )
    simple = Spec("SimpleRNN", units=5)
    momentum = Spec("SGD", learning_rate=0.1, momentum=0.9, global_clipnorm=0.4)
    add(
        "binary_sgd_momentum",
        chain(simple, Spec("Dense", units=1, activation="sigmoid")),
        momentum,
        Spec("BinaryCrossentropy"),
        binary,
    )
    add(
        "regularized_constrained",
        chain(
            simple.with_options(
                kernel_regularizer=Spec("L1", l1=0.02),
                recurrent_regularizer=Spec("L2", l2=0.05),
                bias_regularizer=Spec("L1L2", l1=0.01, l2=0.03),
                kernel_constraint=Spec("MaxNorm", max_value=0.8),
                recurrent_constraint=Spec("MinMaxNorm", min_value=0.4, max_value=0.9, rate=0.5, axis=1),
                bias_constraint=Spec("NonNeg"),
            ),
            Spec(
                "Dense",
                units=1,
                kernel_regularizer=Spec("L2", l2=0.05),
                kernel_constraint=Spec("UnitNorm"),
            ),
        ),
        momentum,
        Spec("BinaryCrossentropy", from_logits=True),
        binary,
        note="losses include the penalties; constraints act after each step only",
    )
    add(
        "activity_regularized",
        chain(simple, Spec("Dense", units=2, activity_regularizer=Spec("L1", l1=0.1))),
        Spec("SGD", learning_rate=0.1),
        Spec("MeanSquaredError"),
        series,
        note="an activity penalty is divided by the batch size",
    )
    add(
        "embedding_regularized",
        chain(
            embedding.with_options(embeddings_regularizer=Spec("L2", l2=0.01), embeddings_constraint=Spec("MaxNorm", axis=1)),
            gru,
            Spec("Dense", units=3),
        ),
        Spec("SGD", learning_rate=0.2, momentum=0.8, nesterov=True, weight_decay=0.01),
        logits,
        labelled,
    )
    return {
        "meaning": {
            "weights": "value: what the model's weights are set to, in the model's order; final: after the ten steps",
            "batches": "one trainOnBatch each, in order",
            "losses": "what trainOnBatch returns for each step: the loss before that step's update, penalties included",
            "prediction": "of the trained model for the first batch",
        },
        "cases": cases,
        "swapEma": _swap_ema(),
    }


def _swap_ema():
    """fit with SwapEMAWeights: what validation sees, what a callback after it sees at the end of epochs, what is left."""
    x, y = numbers((6, 2), 0.3), numbers((6, 1), 1.9)
    held = numbers((4, 2), 2.3), numbers((4, 1), 0.4)
    runs = []
    for swap in (None, False, True):
        keras.backend.clear_session()
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
        set_weights(model.trainable_weights)
        before = [flat(v.value) for v in model.trainable_weights]
        optimizer = keras.optimizers.SGD(learning_rate=0.3, momentum=0.9, use_ema=True, ema_momentum=0.6)
        model.compile(optimizer=optimizer, loss="mse", run_eagerly=True)
        seen = []
        watch = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: seen.append([flat(v.value) for v in model.trainable_weights])
        )
        callbacks = [] if swap is None else [keras.callbacks.SwapEMAWeights(swap_on_epoch=swap)]
        history = model.fit(
            _exact(x), _exact(y), batch_size=2, epochs=3, shuffle=False, verbose=0,
            validation_data=(_exact(held[0]), _exact(held[1])), callbacks=[*callbacks, watch],
        ).history
        runs.append(
            {
                "swapOnEpoch": swap,
                "loss": [Single(value) for value in history["loss"]],
                "validation": [Single(value) for value in history["val_loss"]],
                "atEpochEnds": seen,
                "final": [flat(v.value) for v in model.trainable_weights],
            }
        )
    arrays = {"x": x, "y": y, "heldX": held[0], "heldY": held[1]}
    return {"weights": before, **{name: array_form(array) for name, array in arrays.items()}, "runs": runs}


def _exact(array):
    return array if array.dtype.kind in "iu" else array.astype(np.float64)
