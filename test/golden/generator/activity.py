"""What activity regularizers add to the loss, and the gradient of it."""

import keras
import torch

from .common import Spec, array_form, flat, numbers, scalar, set_weights, tensor


def cases():
    x = numbers((3, 4, 2), 0.3)
    l1, l2 = Spec("L1", l1=0.3), Spec("L1L2", l1=0.1, l2=0.2)
    lstm = Spec("LSTM", units=3, activity_regularizer=l2)
    plan = {
        "Dense": Spec("Dense", units=3, activation="tanh", activity_regularizer=l1),
        "Conv1D": Spec("Conv1D", filters=2, kernel_size=2, activity_regularizer=l2),
        "LSTM": lstm.with_options(return_sequences=True),
        "LSTM/state": lstm.with_options(return_state=True),
        "GRU": Spec("GRU", units=2, activity_regularizer=l1),
        "Bidirectional": Spec("Bidirectional", layer=lstm),
        "ActivityRegularization": Spec("ActivityRegularization", l1=0.3, l2=0.1),
        "Activation": Spec("Activation", activation="sigmoid", activity_regularizer=l2),
    }
    return {
        "meaning": {
            "penalty": "what one call of the layer adds to the loss; grad and inputGrad are its gradients",
            "steps": "compute_loss of a model with layers first and second, after these calls; all on x, the last on y",
        },
        "cases": [_case(name, spec, x) for name, spec in plan.items()],
        "steps": _steps(),
    }


def _steps():
    """compute_loss as a train_step of one's own calls it: which penalties count after which calls."""

    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = first.build()
            self.second = second.build()

        def call(self, x):
            return self.second(self.first(x))

    first = Spec(
        "Dense",
        units=3,
        activation="tanh",
        activity_regularizer=Spec("L2", l2=0.3),
        kernel_regularizer=Spec("L1", l1=0.1),
    )
    second = Spec("Dense", units=2, activity_regularizer=Spec("L1", l1=0.2))
    x, y = [numbers((4, 2), 0.3 + k) for k in range(2)], numbers((4, 2), 0.8)
    plans = {
        "the model": lambda m, a, b: m(a),
        "the model twice": lambda m, a, b: (m(b), m(a))[1],
        "its layers": lambda m, a, b: m.second(m.first(a)),
        "the model, then a layer": lambda m, a, b: (m(b), m.first(a), m.second(m.first(b)))[2],
        "the model, then one layer": lambda m, a, b: (m(b), m.second(m.first(a)), m.first(b))[1],
    }
    runs = []
    for name, calls in plans.items():
        model = Two()
        model(tensor(x[0]))
        set_weights(model.trainable_variables)
        model.compile(optimizer="sgd", loss="mse", run_eagerly=True)
        made = calls(model, tensor(x[0]), tensor(x[1]))
        loss = model.compute_loss(None, tensor(y), made)
        gradients = torch.autograd.grad(loss, [v.value for v in model.trainable_variables])
        runs.append({"id": name, "loss": scalar(loss), "grads": [flat(g) for g in gradients]})
    return {
        "first": first.case_form(),
        "second": second.case_form(),
        "weights": [{"shape": list(v.shape), "value": flat(v.value)} for v in model.trainable_variables],
        "x": [array_form(each) for each in x],
        "y": array_form(y),
        "runs": runs,
    }


def _case(name, spec, x):
    layer = spec.build()
    layer(tensor(x))
    variables = list(layer.trainable_weights)
    set_weights(variables)
    given = tensor(x, gradient=True)
    layer._clear_losses()
    layer(given)
    penalty = sum(layer.losses)
    gradients = torch.autograd.grad(penalty, [given, *[v.value for v in variables]])
    return {
        "id": name,
        "layer": spec.case_form(),
        "weights": [
            {"shape": list(v.shape), "value": flat(v.value), "grad": flat(g)} for v, g in zip(variables, gradients[1:])
        ],
        "input": array_form(x),
        "penalty": scalar(penalty),
        "inputGrad": array_form(gradients[0]),
    }
