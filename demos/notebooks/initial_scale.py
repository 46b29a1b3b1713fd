import marimo

app = marimo.App(app_title="Initial scale: a large W saturates tanh, a small one hardly moves")


@app.cell
def _():
    import inspect

    import marimo as mo
    from matplotlib.figure import Figure

    from backproof.demos import initial_scale as demo

    mo.md("# " + demo.__doc__)
    return Figure, demo, inspect, mo


@app.cell
def _(demo, inspect, mo):
    mo.md("```python\n" + inspect.getsource(demo.measure) + "```")
    return


@app.cell
def _(demo):
    data = demo.measure()
    return (data,)


@app.cell
def _(Figure, data, demo):
    figure = Figure(figsize=(9, 5.6), layout="constrained")
    demo.draw(data, figure)
    figure
    return


@app.cell
def _(data, demo, mo):
    mo.md("**" + demo.lesson(data) + "**")
    return


if __name__ == "__main__":
    app.run()
