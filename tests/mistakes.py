"""What the command line says to a mistake."""

from explorer import cli


def mistake(capsys, *arguments):
    """The one line told on standard error."""
    assert cli.main([str(one) for one in arguments]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("latent-explorer: ")
    assert told.err.count("\n") == 1
    assert "Traceback" not in told.err + told.out
    return told.err
