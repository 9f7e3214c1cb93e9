from explorer.ui.failures import told
from explorer.ui.studies import at_hand
from explorer.ui.threshold import page

with told():
    page.show(at_hand())
