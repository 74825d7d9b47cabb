"""What activity regularizers add to the loss, and the gradient of it."""

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
        "meaning": {"penalty": "what one call of the layer adds to the loss; grad and inputGrad are its gradients"},
        "cases": [_case(name, spec, x) for name, spec in plan.items()],
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
